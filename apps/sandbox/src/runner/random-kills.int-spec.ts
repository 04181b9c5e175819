import { ApprovalDecided } from '@runledger/contracts';
import type { AttemptEvent, ScriptedTurn } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { eventually, isWholeSweep } from '@runledger/testing';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyStep } from '../attempt/attempt-place.js';
import type { CountedCalls } from '../attempt/counted-calls.fixture.js';
import { expectWholeTranscript } from '../attempt/counted-calls.fixture.js';
import type { Ground } from '../attempt/ground.fixture.js';
import { ServicesWithRunners } from './services-with-runners.fixture.js';

/** How many random moments the service is killed at; the suite tries a few. */
const KILLS = Number(process.env['RUNLEDGER_KILLS'] ?? (isWholeSweep() ? 50 : 3));
/** More than an agent gets through before the last of them. */
const TURNS = 2 * KILLS + 4;
const PATIENCE_MS = 60_000 + 15_000 * KILLS;
/** Turns with something else than programs to run. */
const PROMPT_AT = Math.ceil(TURNS / 4);
const SUB_AGENTS_AT = Math.ceil(TURNS / 2);
const QUESTION_AT = Math.ceil((3 * TURNS) / 4);
const ada = { kind: 'member', id: 'mem_ada', name: 'Ada' } as const;

describe('a service that is killed again and again while its agent works in a runner', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let services: ServicesWithRunners;

  beforeAll(async () => {
    services = await ServicesWithRunners.make();
    ({ calls, ground } = services);
  });
  afterEach(() => services.clear());
  afterAll(() => ground.giveBack());

  /** An agent that thinks aloud, runs two programs in most turns, and once asks for a permission, for two agents, and for an answer. */
  const begin = (pause: string) =>
    calls.begin(count => {
      const counted = (id: string) => {
        const command = `${count(id)}; echo ${id} begins; sleep ${pause}; echo ${id} ends`;
        return { name: 'bash' as const, arguments: { command } };
      };
      const toolsOf = (turn: number): ScriptedTurn['tools'] => {
        if (turn === PROMPT_AT) return [{ name: 'write_file', arguments: { path: 'allowed', content: 'Yes.' } }];
        if (turn === QUESTION_AT) return [{ name: 'ask_user', arguments: { question: 'Go on?' } }];
        if (turn !== SUB_AGENTS_AT) return [counted(`t${turn}.1`), counted(`t${turn}.2`)];
        const scriptOf = (agent: number) => [{ tools: [counted(`a${agent}`)] }, { text: `Agent ${agent} is done.` }];
        const agents = [1, 2].map(agent => ({ prompt: `Work ${agent}.`, script: scriptOf(agent) }));
        return [{ name: 'spawn_agents', arguments: { agents: agents } }];
      };
      const turns = Array.from({ length: TURNS }, (_, index) => index + 1);
      const script = turns.map(turn => ({
        thinking: `What is turn ${turn} for?`,
        text: `Turn ${turn} of many.`,
        tools: toolsOf(turn) ?? [],
      }));
      return {
        timeoutMs: 2 * PATIENCE_MS,
        agent: {
          ...{ provider: 'scripted', model: 'm', prompt: 'Count.', script: [...script, { text: 'All counted.' }] },
          tools: ['bash', 'ask_user', 'write_file', 'spawn_agents'],
          maxTurns: TURNS + 1,
          ...{ permissions: 'ASK', dangerousTools: ['write_file'] },
        },
      };
    });

  /** What the approval service stores when people have decided; answers whether the agent has ended. */
  async function decideWhatIsAsked(ready: ReadyStep, decided: Set<string>): Promise<boolean> {
    const events = await ground.transcript(ready);
    for (const { type, data } of events) {
      if (type !== 'PermissionRequested' && type !== 'QuestionAsked') continue;
      if (decided.has(data.callId)) continue;
      decided.add(data.callId);
      const answer = type === 'QuestionAsked' ? { decision: 'ANSWER', answer: 'Yes.' } : { decision: 'ALLOW_ONCE' };
      await decide(ready, { kind: type === 'QuestionAsked' ? 'question' : 'permission', ...answer }, data.callId);
    }
    return events.some(({ type }) => type === 'AttemptEnded');
  }

  async function decide({ runId, step }: ReadyStep, answer: object, callId: string): Promise<void> {
    const requestId = `apr_${runId.slice(4)}.${callId}`;
    const at = '2026-11-21T10:00:00.000Z';
    const place = { requestId, runId, step, calls: [{ step, attempt: 1, callId }] };
    const { type, data } = ApprovalDecided({
      ...place,
      ...answer,
      ...{ how: 'PEOPLE', by: ada, shownHash: 'x', decidedAt: at },
    } as never);
    const metadata = { correlationId: runId, causationId: runId, actor: ada, workspaceId: 'ws_test', occurredAt: at };
    const event = { id: newUuid(), type, data, metadata: { ...metadata, schemaVersion: 1 } };
    await ground.store.append({ tenant: 'ws_test', name: streamOf('approval', requestId) }, [event], 'any');
  }

  async function untilEnded(ready: ReadyStep, decided = new Set<string>()): Promise<AttemptEvent[]> {
    await eventually(() => decideWhatIsAsked(ready, decided), PATIENCE_MS);
    return ground.transcript(ready);
  }

  it(
    'has the transcript of an undisturbed run, and each call made once, wherever it is killed',
    async () => {
      const undisturbed = await begin('0');
      const first = await services.start();
      const expected = await untilEnded(undisturbed);
      await first.stop();

      const ready = await begin('0.4');
      const decided = new Set<string>();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const service = await services.start();
        await delay(randomInt(0, 700));
        await service.kill();
        if (await decideWhatIsAsked(ready, decided)) break; // the rest would be killed for nothing
      }
      const last = await services.start();
      const events = await untilEnded(ready, decided);
      await last.stop();

      expect(events.at(-1)).toMatchObject({ data: { outcome: 'SUCCESS', summary: 'All counted.' } });
      expectWholeTranscript(events.filter(({ data }) => !('agent' in data)));
      for (const agent of [undefined, '1', '2']) {
        expect(told(events, agent, '0.4')).toEqual(told(expected, agent, '0'));
      }
      const counts = calls.counts(ready);
      expect(Object.keys(counts)).toHaveLength(2 * (TURNS - 3) + 2);
      expect(Object.entries(counts).filter(([, times]) => times !== 1)).toEqual([]);
      await eventually(() => services.working().length === 0);
    },
    3 * PATIENCE_MS,
  );
});

/** The number of the owner for whom a runner began stands in the names of its calls of a model. */
const OWNER = /(\bt\d+\.)e\d+\./g;

/** What differs from run to run: times, also those of files in a snapshot, and sizes of what was new to the store. */
const OTHERWISE = new Set([
  'at',
  'startedAt',
  'endedAt',
  'elapsedMs',
  'durationMs',
  'usage',
  'requestId',
  'newBytes',
  'root',
]);

/** What one agent's part of a transcript says, without whose worker it was, when, and in how many pieces. */
function told(events: readonly AttemptEvent[], agent: string | undefined, pause: string): unknown[] {
  const pieces: { type: string; data: Record<string, unknown> }[] = [];
  for (const { type, data } of events) {
    if (type === 'AttemptResumed' || type === 'AttemptInterrupted') continue;
    const { attemptId, runId, ...said } = data;
    if (('agent' in said ? said.agent : undefined) !== agent) continue;
    const own = (value: unknown) =>
      typeof value !== 'string' ? value : value.replaceAll(attemptId, 'ATTEMPT').replaceAll(runId, 'RUN');
    const text = JSON.stringify(said, (name, value: unknown) => (OTHERWISE.has(name) ? undefined : own(value)));
    const plain = text.replace(OWNER, '$1').replaceAll(`sleep ${pause};`, 'sleep;');
    const last = pieces.at(-1);
    const piece = { type, data: JSON.parse(plain) as Record<string, unknown> };
    const grows = last?.type === type && typeof piece.data['text'] === 'string' && isSame(last.data, piece.data);
    if (grows) last.data['text'] = `${String(last.data['text'])}${String(piece.data['text'])}`;
    else pieces.push(piece);
  }
  return pieces;
}

function isSame(last: Record<string, unknown>, next: Record<string, unknown>): boolean {
  return ['entryId', 'callId', 'channel'].every(name => last[name] === next[name]);
}
