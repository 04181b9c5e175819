import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@runledger/testing';
import type { ApiClient, Entry } from './api-client.fixture.js';
import { COUNTED_FLOW, CountedWork } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import { expectTickets, ticketFlow, Tracker } from './tickets.fixture.js';

jest.setTimeout(PATIENCE_MS);

const ALL_COUNTED = ['first', 'second begins', 'second ends', 'third', 'program begins', 'program ends'];

/** Entries in order, each once, and soon no call left open: what a reader may rely on after whatever happened. */
async function expectWhole(api: ApiClient, runId: string): Promise<void> {
  await eventually(async () => expectOrder(await api.transcript(runId))); // it may be a moment behind the run's own state
}

function expectOrder(entries: readonly Entry[]): void {
  expect(new Set(entries.map(entry => entry.id)).size).toBe(entries.length);
  const order = entries.map(entry => Number(entry.seq));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(entries.filter(entry => entry.state === 'RUNNING')).toEqual([]);
}

/** Every stream of the run without a hole, and no tool call that ended twice. */
async function expectWholeLog(api: ApiClient, runId: string): Promise<void> {
  const events = await api.events(runId);
  for (const stream of new Set(events.map(event => event.stream))) {
    const own = events.filter(event => event.stream === stream);
    expect(own.map(event => Number(event.revision))).toEqual(own.map((_, at) => at));
  }
  const ended = events.filter(event => event.type === 'ToolCallEnded').map(event => event.data['callId']);
  expect(new Set(ended).size).toBe(ended.length);
}

/** Waits until the run's log holds such an event. Looks often for a moment: what is short is waited for after what comes before it. */
async function happens(api: ApiClient, runId: string, type: string, step: string): Promise<void> {
  await eventually(async () => {
    const events = await api.events(runId, 200);
    return events.some(event => event.type === type && event.data['step'] === step);
  }, PATIENCE_MS);
}

/** The run that a first boot starts. */
async function firstRun(api: ApiClient): Promise<string> {
  const { runs } = await api.data<{ runs: { nodes: { id: string }[] } }>('{ runs { nodes { id } } }');
  return runs.nodes[0]?.id ?? '';
}

function postmasterOf(home: TemporaryHome): number {
  return Number(readFileSync(join(home.path, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

describeWith('bwrap')('a platform that is killed with SIGKILL (needs bwrap)', () => {
  const home = new TemporaryHome();
  const counted = new CountedWork();
  let tracker: Tracker;
  const quiet = () => ({ ...counted.environment, ...tracker.environment, RUNLEDGER_SAMPLE: 'off' });

  beforeAll(async () => {
    build();
    tracker = await Tracker.open();
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    await tracker.close();
    counted.giveBack();
  });

  it('in the middle of the sample’s verify step goes on at the next start and pushes one commit', async () => {
    const first = await home.start();
    const runId = await firstRun(first.api);
    await happens(first.api, runId, 'StepCompleted', 'implement');
    await happens(first.api, runId, 'ToolCallStarted', 'verify');
    await first.kill();
    const second = await home.start();
    expect(second.output).toContain('embedded PostgreSQL, found running');
    const gate = await second.api.gateOf(runId, 'open-pr');
    await second.api.decide(gate.id, 'APPROVE');
    const run = await second.api.reaches(runId, 'COMPLETED');
    expect(run.timeline.map(step => step.attempts.length)).toEqual([1, 1, 1, 1]);
    expect(run.timeline[2]?.attempts[0]?.resumptions).toBe(1);
    await expectWhole(second.api, runId);
    await expectWholeLog(second.api, runId);
    const remote = join(home.path, 'remotes', 'full-sdlc.git');
    const commits = ['-c', 'safe.directory=*', '-C', remote, 'log', '--format=%s', 'main..feature/csv-download'];
    expect(execFileSync('git', commits, { encoding: 'utf8' })).toBe('feat: a CSV download for reports\n');
    expect((await second.stop()).code).toBe(0);
    expect(home.leftovers()).toEqual([]);
  });

  it('in the middle of a tool call, which goes on without it, of a function, which is called again, and of a program, which begins again', async () => {
    const first = await home.start(quiet());
    await counted.publishProfile(first.api);
    await first.api.publishFlow(COUNTED_FLOW);
    counted.hold('second');
    counted.hold('program');
    const runId = await first.api.started('counted');
    await first.api.publishFlow(ticketFlow('counted'));
    tracker.hold();
    const ticketsId = await first.api.started('tickets');
    await eventually(() => counted.ran().includes('second begins'), PATIENCE_MS);
    await eventually(() => expect(tracker.asked).toHaveLength(1));
    await first.kill();
    counted.letGo('second');
    const second = await home.start(quiet());
    await eventually(() => expect(tracker.asked).toHaveLength(2), PATIENCE_MS);
    const [before, again] = tracker.asked;
    expect(again).toEqual({ ...before, pid: second.pid }); // with the same key
    await second.complains('may have been called before', 1);
    tracker.letGo();
    await expectTickets(second.api, ticketsId, tracker);
    expect(tracker.asked).toHaveLength(3);
    await eventually(() => counted.ran().includes('program begins'), PATIENCE_MS);
    await second.kill();
    const third = await home.start(quiet());
    counted.letGo('program');
    const run = await third.api.reaches(runId, 'COMPLETED');
    // Whatever had finished ran once. The agent's call was not even cut off; the program was, and is begun again.
    const begunTwice = ALL_COUNTED.flatMap(line => (line === 'program begins' ? [line, line] : [line]));
    expect(counted.ran()).toEqual(begunTwice);
    expect(run.timeline.map(step => step.attempts.map(attempt => attempt.resumptions))).toEqual([[1], [1]]);
    await expectWhole(third.api, runId);
    await expectWholeLog(third.api, runId);
    await third.stop();
    expect(home.leftovers()).toEqual([]);
  });
});

describeWith('bwrap')('an embedded PostgreSQL that is killed with SIGKILL (needs bwrap)', () => {
  const home = new TemporaryHome();
  const counted = new CountedWork();

  beforeAll(build, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    counted.giveBack();
  });

  it('is started again by the platform, which goes on with its runs as if nothing had been', async () => {
    const platform = await home.start({ ...counted.environment, RUNLEDGER_SAMPLE: 'off' });
    const { api } = platform;
    await counted.publishProfile(api);
    await api.publishFlow(COUNTED_FLOW);
    const runId = await api.started('counted');
    for (const times of [1, 2]) {
      await delay(Math.random() * 1_000);
      process.kill(postmasterOf(home), 'SIGKILL');
      await platform.complains('embedded PostgreSQL had ended and was started again', times);
    }
    const run = await api.reaches(runId, 'COMPLETED', 60_000);
    expect(counted.ran()).toEqual(ALL_COUNTED);
    expect(run.timeline.map(step => step.attempts.length)).toEqual([1, 1]);
    await expectWhole(api, runId);
    await expectWholeLog(api, runId);
    await eventually(async () => expect((await fetch(`${platform.url}/health/ready`)).status).toBe(200));
    expect(platform.ending).toBeUndefined();
    expect((await platform.stop()).code).toBe(0);
    expect(home.leftovers()).toEqual([]);
  });
});
