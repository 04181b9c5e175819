import { CancelRun, PublishFlow, StartRun, type InputOf, type Json } from '@runledger/contracts';
import { newUuid, START } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import type { TestDatabase } from '@runledger/testing';
import { ada, adaAsks, OrchestratorProcess, WORKSPACE } from './orchestrator.fixture.js';

const RELEASE = `slug: release
parameters: { version: string, dryRun: { type: boolean, default: false } }
defaults: { profile: plain }
steps:
  - key: build
    run: make "$PARAM_VERSION"
  - key: notes
    needs: [build]
    agent: { provider: anthropic, model: m, prompt: 'Notes for {{ parameters.version }}: {{ steps.build.summary }} {{ steps.build.output.size }}' }
  - key: ship
    needs: [notes]
    run: ship "$STEP_BUILD_SUMMARY"
    gate: Ship it?
`;
const CHAIN = 'slug: chain\ndefaults: { profile: plain }\nsteps: [{ key: a, run: x }, { key: b, run: x, needs: [a] }]';

let database: TestDatabase;
let first: OrchestratorProcess;
/** A second process on the same log, so that only the log can decide between them. */
let second: OrchestratorProcess;

beforeAll(async () => {
  database = await logDatabase();
  first = await OrchestratorProcess.start(database.url);
  await first.publishProfile('plain');
  await publish(RELEASE);
  await publish(CHAIN);
});

afterAll(async () => {
  await first.stop();
  await database.drop();
});

type Request = InputOf<typeof StartRun>;
const request = (more: Partial<Request> = {}): Request => ({
  flow: 'chain',
  parameters: {},
  choices: {},
  trigger: { kind: 'manual' },
  ...more,
});
const publish = (source: string) => first.commands.send(PublishFlow, { source }, adaAsks());
const start = (more: Partial<Request> = {}, context = adaAsks()) =>
  first.commands.send(StartRun, request(more), context);

async function begun(more: Partial<Request> = {}): Promise<string> {
  const outcome = await start(more);
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}

const typesOf = async (runId: string) =>
  (await first.eventsOf(runId)).map(({ type, data }) => {
    const { step } = data as { step?: string };
    return step === undefined || type.startsWith('Run') ? type : `${type} ${step}`;
  });

describe('publishing a flow', () => {
  it('makes a version for new content and none for the same', async () => {
    const source = (name: string) => `slug: versions\nname: ${name}\nsteps: [{ key: s, run: x }]`;
    const published = (version: number, created: boolean) => ({
      status: 'accepted',
      output: { flowId: 'flow_versions', slug: 'versions', version, created },
    });
    expect(await publish(source('One'))).toMatchObject(published(1, true));
    expect(await publish(`# a comment changes nothing\n${source('One')}`)).toMatchObject(published(1, false));
    expect(await publish(source('Two'))).toMatchObject(published(2, true));
  });

  it('tells every problem of a document and stores nothing', async () => {
    const outcome = await publish('slug: broken\nsteps: [{ key: s, neds: [t], run: x }]');
    expect(outcome).toMatchObject({
      status: 'refused',
      refusal: {
        rejected: 'INVALID_FLOW',
        details: [{ path: 'steps[0].neds', line: 2, column: 19, fix: 'Did you mean `needs`?' }],
      },
    });
    expect((await first.store.readStream({ tenant: WORKSPACE, name: 'flow-broken' })).events).toEqual([]);
  });
});

describe('a run', () => {
  it('goes from step to step, is held at its gate, and completes', async () => {
    const runId = await begun({ flow: 'flow_release', parameters: { version: '1.2' } });
    const build = await first.until(runId, 'StepReady', 'build');
    expect(build.data).toMatchObject({
      profile: 'plain',
      command: { run: 'make "$PARAM_VERSION"', env: { PARAM_VERSION: '1.2', PARAM_DRYRUN: 'false', RUN_ID: runId } },
    });
    expect(build.metadata.correlationId).toBe(runId);
    await first.attempt(runId, 'build', { summary: 'Built.', output: { size: 7 } });
    const notes = await first.until(runId, 'StepReady', 'notes');
    expect(notes.data).toMatchObject({ agent: { prompt: 'Notes for 1.2: Built. 7' } });
    await first.attempt(runId, 'notes', { summary: 'Noted.' });
    const gate = await first.until(runId, 'GateReached', 'ship');
    expect(gate.data).toMatchObject({
      message: 'Ship it?',
      shown: { upstream: [{ step: 'notes', summary: 'Noted.' }] },
    });
    await first.decide(runId, 'ship', 'APPROVE');
    const ship = await first.until(runId, 'StepReady', 'ship');
    expect(ship.data).toMatchObject({
      command: { env: { STEP_BUILD_SUMMARY: 'Built.', STEP_NOTES_SUMMARY: 'Noted.' } },
    });
    await first.attempt(runId, 'ship');
    await first.until(runId, 'RunCompleted');
    expect(await typesOf(runId)).toEqual([
      'RunStarted',
      'StepReady build',
      'StepCompleted build',
      'StepReady notes',
      'StepCompleted notes',
      'GateReached ship',
      'GateResolved ship',
      'StepReady ship',
      'StepCompleted ship',
      'RunCompleted',
    ]);
  });

  it('is rejected when people say no', async () => {
    const runId = await begun({ choices: { checkpointMode: 'EVERY_STEP' } });
    await first.decide(runId, 'a', 'REJECT');
    expect((await first.until(runId, 'RunRejected')).data).toMatchObject({ step: 'a', by: ada });
    expect(await typesOf(runId)).toEqual([
      'RunStarted',
      'GateReached a',
      'GateResolved a',
      'StepCancelled a',
      'StepCancelled b',
      'RunRejected',
    ]);
  });

  it('is cancelled when the sandbox has stopped what executed, and then for good', async () => {
    const runId = await begun();
    const cancel = () => first.commands.send(CancelRun, { runId, mode: 'GRACEFUL' }, adaAsks());
    expect(await cancel()).toMatchObject({ status: 'accepted', output: { runId } });
    await first.attempt(runId, 'a', { outcome: 'ERROR', cancelled: true });
    await first.until(runId, 'RunCancelled');
    expect(await cancel()).toMatchObject({ status: 'refused', refusal: { rejected: 'RUN_ENDED' } });
  });

  it('goes on in the next process when its own was stopped, and counts nothing twice', async () => {
    const database2 = database.url;
    const runId = await begun();
    await first.stop();
    second = await OrchestratorProcess.start(database2);
    await second.attempt(runId, 'a');
    await second.until(runId, 'StepReady', 'b');
    await second.stop();
    first = await OrchestratorProcess.start(database2);
    await first.attempt(runId, 'b');
    await first.until(runId, 'RunCompleted');
    expect(await typesOf(runId)).toEqual([
      'RunStarted',
      'StepReady a',
      'StepCompleted a',
      'StepReady b',
      'StepCompleted b',
      'RunCompleted',
    ]);
  });
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
    const [one, two] = [await start({}, context), await start({}, context)];
    expect(two).toEqual(one);
  });

  it('keeps its key for the same request when a profile or a flow is gone or changed, and for a corrected one', async () => {
    const key = { idempotencyKey: newUuid() };
    expect(await start({ ...key, choices: { profile: 'later' } })).toMatchObject({ status: 'refused' });
    await first.publishProfile('later');
    const runId = await begun({ ...key, choices: { profile: 'later' } });
    await publish(CHAIN.replace('run: x }, {', 'run: y }, {'));
    expect(await start({ ...key, choices: { profile: 'later' } })).toMatchObject({ output: { runId, created: false } });
    expect(await start({ ...key, choices: { profile: 'plain' } })).toMatchObject({
      refusal: { rejected: 'IDEMPOTENCY_KEY_REUSED' },
    });
  });

  it('takes the profile that the repository names', async () => {
    await first.publishProfile('repo-7');
    await publish(
      'slug: repo\nparameters: { repositoryId: string }\ndefaults: { profile: plain }\nsteps: [{ key: s, run: x }]',
    );
    const profileOf = async (repositoryId: string) => {
      const runId = await begun({ flow: 'repo', parameters: { repositoryId } });
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
    ['PROFILE_REQUIRED', { flow: 'versions' }, 'No sandbox profile was chosen and the flow has no default.'],
    ['PROVIDER_NOT_CONNECTED', { flow: 'local' }, 'The flow uses openai-compatible, which is not connected here.'],
  ] as [string, Partial<Request>, string][])('is declined with %s in writing', async (code, wanted, message) => {
    await publish(
      'slug: local\ndefaults: { profile: plain }\nsteps: [{ key: s, agent: { provider: openai-compatible, model: m, prompt: x } }]',
    );
    const before = await first.store.head();
    expect(await start(wanted)).toMatchObject({ status: 'refused', refusal: { rejected: code, message } });
    const { events } = await first.store.readAll({ after: before, tenant: WORKSPACE, categories: ['run'] });
    expect(events).toMatchObject([{ type: 'RunDeclined', data: { code, message, requestedBy: ada } }]);
  });
});

describe('cancelling', () => {
  it.each(['run_00000000-0000-7000-8000-000000000000', 'nonsense'])('is refused for %s', async runId => {
    expect(await first.commands.send(CancelRun, { runId, mode: 'FORCE' }, adaAsks())).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'RUN_NOT_FOUND' },
    });
  });
});

describe('a start that an agent asks for', () => {
  const bySandbox = () => ({ ...adaAsks(), actor: { kind: 'service', id: 'sandbox' } as const });
  const byAgentOf = (ref: string, idempotencyKey?: string) =>
    start({ trigger: { kind: 'agent', ref }, ...(idempotencyKey !== undefined && { idempotencyKey }) }, bySandbox());

  it('is that of whoever started the run of the agent, once for each call, and at most three runs deep', async () => {
    const runs = [await begun()];
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
