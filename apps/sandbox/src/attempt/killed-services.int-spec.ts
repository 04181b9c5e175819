import type { ScriptedTurn } from '@runledger/contracts';
import { eventually, isWholeSweep } from '@runledger/testing';
import { existsSync, readdirSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CallJournal } from '../driver/call-journal.js';
import { living, markOf } from '../driver/sandbox.fixture.js';
import { CountedCalls, expectWholeTranscript, outputOf } from './counted-calls.fixture.js';
import type { Counts } from './counted-calls.fixture.js';
import type { Ground } from './ground.fixture.js';
import type { ReadyStep } from './attempt-place.js';
import { ServiceProcess } from './service-process.fixture.js';
import type { ServiceSettings } from './service-process.fixture.js';

const MARK = markOf(4761);
const KILLS = isWholeSweep() ? 10 : 4;
const TURNS = 7;

describe('a sandbox service that is killed', () => {
  let calls: CountedCalls;
  let ground: Ground;
  let settings: ServiceSettings;

  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
    settings = calls.settings('only');
  });
  afterAll(() => ground.giveBack());

  const counts = (ready: ReadyStep) => calls.counts(ready);
  const begin: CountedCalls['begin'] = step => calls.begin(step);

  /**
   * Which calls had ended when the service died, and how often each had run by then. They run one after the other, so all
   * that were begun have ended but the last one, and that too when its exit code is on disk.
   */
  async function afterDeath(ready: ReadyStep, callIds: readonly string[]): Promise<Counts> {
    const journals = callIds.map(
      id => new CallJournal(join(settings.homeDir, 'bubblewrap', ready.runId, 'journal'), id),
    );
    const begun = journals.filter(({ path }) => existsSync(path));
    await eventually(() => begun.every(call => call.supervisorEnded || call.supervisor() === undefined));
    const all = counts(ready);
    const ran = callIds.filter(id => all[id] !== undefined);
    const last = ran.at(-1);
    const lastEnded = journals[callIds.indexOf(last ?? '')]?.exitCode() === 0;
    return Object.fromEntries(ran.filter(id => id !== last || lastEnded).map(id => [id, all[id] ?? 0]));
  }

  it('repeats no finished tool call of an agent, and loses nothing', async () => {
    const callIds: string[] = [];
    const ready = await begin(count => {
      const script: ScriptedTurn[] = Array.from({ length: TURNS }, (_, turn) => ({
        text: `Turn ${turn + 1}.`,
        tools: [1, 2].map(call => {
          const id = `work.1.t${turn + 1}.${call}`;
          callIds.push(id);
          return {
            name: 'bash' as const,
            arguments: { command: `${count(id)}; echo ${id} begins; sleep 0.08; echo ${id} ends` },
          };
        }),
      }));
      return {
        agent: { provider: 'scripted', model: 'm', prompt: 'Count.', script: [...script, { text: 'All counted.' }] },
      };
    });
    const snapshots: Counts[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const service = await ServiceProcess.start(settings);
      // Every other death comes only after a further call was made, so that the slowest machine gets on.
      const made = Object.keys(counts(ready)).length;
      if (kill % 2 === 1)
        await eventually(() => Object.keys(counts(ready)).length > Math.min(made, callIds.length - 1));
      await delay(randomInt(0, 400));
      await service.kill();
      snapshots.push(await afterDeath(ready, callIds));
    }
    const last = await ServiceProcess.start(settings);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: TURNS + 1, summary: 'All counted.' });
    expect(await last.stop()).toBe(0);

    const final = counts(ready);
    expect(Object.keys(final).sort()).toEqual([...callIds].sort());
    for (const snapshot of snapshots) expect(final).toMatchObject(snapshot);
    expect(Object.keys(snapshots.at(-1)!).length).toBeGreaterThan(KILLS / 2 - 2);
    const events = await ground.transcript(ready);
    expectWholeTranscript(events);
    for (const id of callIds) expect(outputOf(events, id)).toBe(`${id} begins\n${id} ends\n`);
  }, 120_000);

  it('repeats no finished command, and loses nothing', async () => {
    const callId = 'work.1.command';
    for (const pauseMs of [20, 150, 300]) {
      const ready = await begin(count => ({
        command: { run: `${count(callId)}\necho begins\nsleep 0.1\necho ends` },
      }));
      const service = await ServiceProcess.start(settings);
      await delay(pauseMs);
      await service.kill();
      const before = await afterDeath(ready, [callId]);
      const next = await ServiceProcess.start(settings);
      expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'ends' });
      await next.stop();
      if (before[callId] !== undefined) expect(counts(ready)).toEqual({ [callId]: 1 });
      const events = await ground.transcript(ready);
      expectWholeTranscript(events);
      expect(outputOf(events, callId)).toBe('begins\nends\n');
    }
  });

  it('leaves an executing attempt to the next start when it is told to stop, and no process behind', async () => {
    const ready = await begin(count => ({
      command: { run: `${count('command')}\n[ -e waited ] && exit 0\ntouch waited\necho up\nsleep ${MARK}` },
    }));
    const service = await ServiceProcess.start(settings);
    await eventually(async () => outputOf(await ground.transcript(ready), 'work.1.command').includes('up'));
    expect(await service.stop()).toBe(0);
    expect(living(`sleep\0${MARK}`)).toEqual([]);
    expect((await ground.transcript(ready)).some(({ type }) => type === 'AttemptEnded')).toBe(false);
    const next = await ServiceProcess.start(settings);
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', cancelled: false });
    await next.stop();
    expect(counts(ready)).toEqual({ command: 2 });
  });

  it('removes the sandbox of a run that ended while it was down', async () => {
    const ready = await begin(() => ({ command: { run: 'echo done' } }));
    const service = await ServiceProcess.start(settings);
    await ground.end(ready);
    await service.kill();
    expect(safeList(join(settings.homeDir, 'bubblewrap'))).toContain(ready.runId);
    await ground.completed(ready.runId);
    const next = await ServiceProcess.start(settings);
    await eventually(() => !safeList(join(settings.homeDir, 'bubblewrap')).includes(ready.runId));
    await next.stop();
  });
});

function safeList(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
