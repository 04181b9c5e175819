import { StartRun, type Json } from '@runledger/contracts';
import { newUuid, START } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import type { TestDatabase } from '@runledger/testing';
import { begun, CHAIN, publish, RELEASE, request, start, type Request } from './flow-starts.fixture.js';
import { ada, adaAsks, OrchestratorProcess, WORKSPACE } from './orchestrator.fixture.js';

const NO_DEFAULTS = 'slug: bare\nsteps: [{ key: s, run: x }]';

let database: TestDatabase;
let first: OrchestratorProcess;
/** A second process on the same log, so that only the log can decide between them. */
let second: OrchestratorProcess;

beforeAll(async () => {
  database = await logDatabase();
  first = await OrchestratorProcess.start(database.url);
  await first.publishProfile('plain');
  for (const source of [RELEASE, CHAIN, NO_DEFAULTS]) await publish(first, source);
});

afterAll(async () => {
  await first.stop();
  await database.drop();
});

describe('a start', () => {
  it('with an idempotency key is one run, however many ask at once from however many processes', async () => {
    second = await OrchestratorProcess.start(database.url);
    const asking = Array.from({ length: 40 }, (_, n) =>
      (n % 2 === 0 ? first : second).commands.send(StartRun, request({ idempotencyKey: 'once' }), adaAsks()),
    );
    const outcomes = await Promise.all(asking);
    await second.stop();
    await first.stop();
    first = await OrchestratorProcess.start(database.url); // the second process had taken the reactors over
    const outputs = outcomes.map(outcome => (outcome.status === 'accepted' ? outcome.output : undefined));
    expect(new Set(outputs.map(output => output?.runId)).size).toBe(1);
    expect(outputs.filter(output => output?.created)).toHaveLength(1);
    expect(outcomes.every(outcome => outcome.status === 'accepted' && (outcome.position ?? START) > START)).toBe(true);
  });

  it('sent twice by a transport is one run', async () => {
    const context = adaAsks();
    const [one, two] = [await start(first, {}, context), await start(first, {}, context)];
    expect(two).toEqual(one);
  });

  it('keeps its key for the same request when a profile or a flow is gone or changed, and for a corrected one', async () => {
    const key = { idempotencyKey: newUuid() };
    expect(await start(first, { ...key, choices: { profile: 'later' } })).toMatchObject({ status: 'refused' });
    await first.publishProfile('later');
    const runId = await begun(first, { ...key, choices: { profile: 'later' } });
    await publish(first, CHAIN.replace('run: x }, {', 'run: y }, {'));
    expect(await start(first, { ...key, choices: { profile: 'later' } })).toMatchObject({
      output: { runId, created: false },
    });
    expect(await start(first, { ...key, choices: { profile: 'plain' } })).toMatchObject({
      refusal: { rejected: 'IDEMPOTENCY_KEY_REUSED' },
    });
  });

  it('takes the profile that the repository names', async () => {
    await first.publishProfile('repo-7');
    await publish(
      first,
      'slug: repo\nparameters: { repositoryId: string }\ndefaults: { profile: plain }\nsteps: [{ key: s, run: x }]',
    );
    const profileOf = async (repositoryId: string) => {
      const runId = await begun(first, { flow: 'repo', parameters: { repositoryId } });
      return ((await first.eventsOf(runId))[0]?.data as { choices: { profile: string } }).choices.profile;
    };
    expect(await profileOf('repo-7')).toBe('repo-7');
    expect(await profileOf('repo-8')).toBe('plain');
  });

  it.each([
    ['FLOW_NOT_FOUND', { flow: 'nowhere' }, 'There is no flow nowhere in this workspace.'],
    ['FLOW_NOT_FOUND', { flow: 'No such slug!' }, 'There is no flow No such slug! in this workspace.'],
    ['FLOW_NOT_FOUND', { flow: 'release', version: 9 }, 'The flow release has no version 9.'],
    ['MISSING_PARAMETER', { flow: 'release' }, 'Parameter `version` is required.'],
    [
      'INVALID_PARAMETER',
      { flow: 'release', parameters: { version: 3 } },
      'Parameter `version` must be string, it is number.',
    ],
    [
      'INVALID_PARAMETER',
      { flow: 'release', parameters: { version: 'a\0b' } },
      '`parameters.version` holds a NUL character or half a surrogate pair.',
    ],
    [
      'INVALID_PARAMETER',
      { flow: 'release', parameters: { version: 'x'.repeat(100_001) } },
      '`parameters` has 100015 bytes; at most 100000 are taken.',
    ],
    [
      'INVALID_PARAMETER',
      { flow: 'release', parameters: { version: JSON.parse('['.repeat(300) + ']'.repeat(300)) as Json } },
      '`parameters` is nested more than 200 levels deep.',
    ],
    ['PROFILE_REQUIRED', { choices: { profile: 'none' } }, 'This workspace has no sandbox profile none.'],
    ['PROFILE_REQUIRED', { flow: 'bare' }, 'No sandbox profile was chosen and the flow has no default.'],
    ['PROVIDER_NOT_CONNECTED', { flow: 'local' }, 'The flow uses openai-compatible, which is not connected here.'],
  ] as [string, Partial<Request>, string][])('is declined with %s in writing', async (code, wanted, message) => {
    await publish(
      first,
      'slug: local\ndefaults: { profile: plain }\nsteps: [{ key: s, agent: { provider: openai-compatible, model: m, prompt: x } }]',
    );
    const before = await first.store.head();
    expect(await start(first, wanted)).toMatchObject({ status: 'refused', refusal: { rejected: code, message } });
    const { events } = await first.store.readAll({ after: before, tenant: WORKSPACE, categories: ['run'] });
    expect(events).toMatchObject([{ type: 'RunDeclined', data: { code, message, requestedBy: ada } }]);
  });
});

describe('a start that an agent asks for', () => {
  const bySandbox = () => ({ ...adaAsks(), actor: { kind: 'service', id: 'sandbox' } as const });
  const byAgentOf = (ref: string, idempotencyKey?: string) =>
    start(
      first,
      { trigger: { kind: 'agent', ref }, ...(idempotencyKey !== undefined && { idempotencyKey }) },
      bySandbox(),
    );

  it('is that of whoever started the run of the agent, once for each call, and at most three runs deep', async () => {
    const runs = [await begun(first)];
    for (let depth = 1; depth <= 3; depth += 1) {
      const outcome = await byAgentOf(runs.at(-1) ?? '', `agent-${depth}-${runs[0]}`);
      if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
      expect(await byAgentOf(runs.at(-1) ?? '', `agent-${depth}-${runs[0]}`)).toMatchObject({
        output: { runId: outcome.output.runId, created: false },
      });
      const [started] = await first.eventsOf(outcome.output.runId);
      expect(started?.data).toMatchObject({
        trigger: { kind: 'agent', ref: runs.at(-1), depth },
        startedBy: { kind: ada.kind, id: ada.id, via: 'agent' },
      });
      runs.push(outcome.output.runId);
    }
    expect(await byAgentOf(runs.at(-1) ?? '')).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'FORBIDDEN', message: expect.stringContaining('at most 3 deep') },
    });
  });

  it('needs a run that the agent works in', async () => {
    expect(await byAgentOf('run_nobody')).toMatchObject({ status: 'refused', refusal: { rejected: 'FORBIDDEN' } });
  });
});
