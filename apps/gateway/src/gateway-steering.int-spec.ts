import {
  DiscardRun,
  ForceAdvance,
  PauseRun,
  RerunFromStep,
  ResumeRun,
  RetryRun,
  RetryStep,
  RunFailed,
  RunPaused,
  RunStarted,
  SkipStep,
  StepFailed,
  type CommandDefinition,
  type RunLineage,
} from '@runledger/contracts';
import { reject, streamOf } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { at, BY, published, story } from './runs/run-story.fixture.js';

const ids = Array.from({ length: 9 }, (_, index) => `run_0198f3a0-0000-7000-8000-00000000030${index}`);
const [RUN = '', CLONE = '', RERUN = '', OTHERS = ''] = ids;
const error = { code: 'COMMAND_FAILED', message: 'exit 1' };

const REFUSED = '__typename ... on Run { id status } ... on Refusal { code message fix }';
const LINEAGE = `query ($id: ID!) { run(id: $id) { lineage {
  retryOf { id } retries { id } rerunOf { step run { id } } reruns { step run { id number } } } } }`;

/** What the orchestrator would answer, at the border between it and the gateway. */
describe('steering a run through the API', () => {
  let gateway: TestGateway;
  let ada: string;
  let bob: string;
  const seen: { readonly name: string; readonly input: unknown; readonly by: string; readonly story: string }[] = [];

  const place = (runId: string) => ({ workspaceId: 'ws_acme', stream: streamOf('run', runId), runId });
  const answer = <Input extends { runId: string }, Output, Code extends string>(
    command: CommandDefinition<Input, Output, Code>,
    effect: (input: Input) => Promise<{ output: Output; position: bigint } | Code> | Code,
  ) =>
    gateway.app.get(CommandRegistry, { strict: false }).answer(command, async (input, context) => {
      seen.push({ name: command.name, input, by: context.actor.id, story: context.correlationId });
      const done = await effect(input);
      return typeof done === 'string'
        ? { status: 'refused', refusal: reject(done, 'Not now.', { fix: 'Later.' }) }
        : { status: 'accepted', ...done };
    });
  const started = (runId: string, lineage?: RunLineage) => {
    const { data } = story(runId).started();
    return RunStarted({ ...data, ...(lineage && { lineage }) });
  };
  const rest = async (token: string, runId: string, verb: string, body?: object) => {
    const response = await fetch(`${gateway.url}/api/v1/runs/${runId}/${verb}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    bob = await gateway.tokenFor('ws_acme', 'mem_bob', ['flows.read', 'flows.run']);
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    const run = story(RUN);
    await gateway.tell(place(RUN), run.started(), run.ready('build'), run.begun('build'));
    await gateway.tell({ ...place(OTHERS), workspaceId: 'ws_other' }, story(OTHERS).started());

    const same = async (runId: string) => ({
      output: { runId },
      position: await gateway.tell(place(runId), run.turn('build', 1)),
    });
    answer(PauseRun, async ({ runId, reason }) => {
      const said = reason === undefined ? {} : { reason };
      const paused = RunPaused({ runId, cause: 'OPERATOR', by: BY, pausedAt: at(5), ...said });
      return { output: { runId }, position: await gateway.tell(place(runId), paused) };
    });
    answer(ResumeRun, () => 'NOT_POSSIBLE');
    answer(SkipStep, ({ step }) => (step === 'build' ? same(RUN) : 'STEP_NOT_FOUND'));
    answer(ForceAdvance, ({ runId }) => same(runId));
    answer(DiscardRun, ({ runId }) => same(runId));
    answer(RetryStep, async ({ runId }) => ({ ...(await same(runId)), output: { runId, attempt: 2 } }));
    answer(RetryRun, async ({ runId, version }) => {
      if (version === 'LATEST') return 'FLOW_NOT_FOUND';
      const position = await gateway.tell(place(CLONE), started(CLONE, { kind: 'RETRY', of: runId }));
      return { output: { runId: CLONE }, position };
    });
    answer(RerunFromStep, async ({ runId, step }) => {
      const lineage = { kind: 'RERUN' as const, of: runId, fromStep: step };
      return { output: { runId: RERUN }, position: await gateway.tell(place(RERUN), started(RERUN, lineage)) };
    });
  });
  afterAll(() => gateway.close());

  it('answers with the run as it is after the verb', async () => {
    const { data } = await gateway.graphql(
      ada,
      `mutation { pauseRun(runId: "${RUN}", reason: "Lunch.") { ${REFUSED} } }`,
    );
    expect(data.pauseRun).toEqual({ __typename: 'Run', id: RUN, status: 'PAUSED' });
    expect(seen.at(-1)).toEqual({
      name: 'PauseRun',
      input: { runId: RUN, reason: 'Lunch.' },
      by: 'mem_ada',
      story: RUN,
    });
  });

  it('says why nothing was done, and what would help', async () => {
    const { data } = await gateway.graphql(
      ada,
      `mutation { resumeRun(runId: "${RUN}") { ${REFUSED} } skipStep(runId: "${RUN}", step: "nope") { ${REFUSED} } }`,
    );
    expect(data.resumeRun).toEqual({
      __typename: 'RunRefused',
      code: 'NOT_POSSIBLE',
      message: 'Not now.',
      fix: 'Later.',
    });
    expect(data.skipStep).toMatchObject({ __typename: 'RunRefused', code: 'STEP_NOT_FOUND' });
  });

  it('takes other instructions for the next attempt of a step', async () => {
    const { data } = await gateway.graphql(
      bob,
      `mutation { retryStep(runId: "${RUN}", step: "build", instructions: "Use make.") { ${REFUSED} } }`,
    );
    expect(data.retryStep).toMatchObject({ __typename: 'Run', id: RUN });
    expect(seen.at(-1)?.input).toEqual({ runId: RUN, step: 'build', instructions: 'Use make.' });
  });

  it('starts another run for a clone and for a re-run, and shows from both ends where they come from', async () => {
    await gateway.tell(
      place(RUN),
      StepFailed({ runId: RUN, step: 'build', attempt: 1, outcome: 'ERROR', error, failedAt: at(6) }),
      RunFailed({ runId: RUN, step: 'build', error, failedAt: at(6) }),
    );
    const cloned = await gateway.graphql(
      ada,
      `mutation { retryRun(input: { runId: "${RUN}", mode: CLONE, parameters: { target: "x" } }) { ${REFUSED} } }`,
    );
    expect(cloned.data.retryRun).toMatchObject({ __typename: 'Run', id: CLONE });
    expect(seen.at(-1)?.input).toEqual({
      runId: RUN,
      from: 'FAILED_STEP',
      version: 'SAME',
      mode: 'CLONE',
      parameters: { target: 'x' },
    });
    const rerun = await gateway.graphql(
      ada,
      `mutation { rerunFromStep(input: { runId: "${RUN}", step: "deploy" }) { ${REFUSED} } }`,
    );
    expect(rerun.data.rerunFromStep).toMatchObject({ __typename: 'Run', id: RERUN });
    const declined = await gateway.graphql(
      ada,
      `mutation { retryRun(input: { runId: "${RUN}", version: LATEST }) { ${REFUSED} } }`,
    );
    expect(declined.data.retryRun).toMatchObject({ __typename: 'RunRefused', code: 'FLOW_NOT_FOUND' });

    const lineageOf = async (id: string): Promise<unknown> =>
      (await gateway.graphql(ada, LINEAGE, { id })).data.run.lineage;
    expect(await lineageOf(RUN)).toEqual({
      retryOf: null,
      retries: [{ id: CLONE }],
      rerunOf: null,
      reruns: [{ step: 'deploy', run: { id: RERUN, number: 3 } }],
    });
    expect(await lineageOf(CLONE)).toMatchObject({ retryOf: { id: RUN }, retries: [], rerunOf: null });
    expect(await lineageOf(RERUN)).toMatchObject({ retryOf: null, rerunOf: { step: 'deploy', run: { id: RUN } } });
  });

  it('lets programs do the same, with a status that says what became of it', async () => {
    expect(await rest(ada, RUN, 'pause', { reason: 'Night.' })).toMatchObject({ status: 200, body: { runId: RUN } });
    expect(await rest(ada, RUN, 'pause')).toMatchObject({ status: 200 });
    expect(await rest(ada, RUN, 'retry', { mode: 'CLONE' })).toMatchObject({
      status: 202,
      body: { runId: CLONE, created: true, position: expect.stringMatching(/^\d{19}$/) },
    });
    expect(await rest(ada, RUN, 'rerun-from-step', { step: 'deploy' })).toMatchObject({ status: 202 });
    expect(await rest(ada, RUN, 'retry-step', { step: 'build' })).toMatchObject({ status: 200 });
    expect(await rest(ada, RUN, 'skip-step', { step: 'build' })).toMatchObject({ status: 200 });
    expect(await rest(ada, RUN, 'force-advance', { step: 'build', comment: 'Go.' })).toMatchObject({ status: 200 });
    expect(await rest(ada, RUN, 'discard')).toMatchObject({ status: 200 });
    expect(await rest(ada, RUN, 'resume')).toMatchObject({ status: 409, body: { error: { code: 'NOT_POSSIBLE' } } });
    expect(await rest(ada, RUN, 'retry', { version: 'LATEST' })).toMatchObject({ status: 422 });
    expect(await rest(ada, RUN, 'skip-step', { step: 'nope' })).toMatchObject({ status: 404 });
    expect(await rest(ada, RUN, 'skip-step', {})).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT' } },
    });
    expect(await rest(ada, RUN, 'pause', { reason: 'x', mode: 'y' })).toMatchObject({ status: 400 });
    expect(await rest(ada, OTHERS, 'pause')).toMatchObject({ status: 404, body: { error: { code: 'RUN_NOT_FOUND' } } });
    expect(await rest(bob, RUN, 'discard')).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } });
    expect(await rest(bob, RUN, 'force-advance', { step: 'build' })).toMatchObject({ status: 403 });
    const read = await fetch(`${gateway.url}/api/v1/runs/${RUN}/pause`, {
      headers: { authorization: `Bearer ${ada}` },
    });
    expect(read.status).toBe(404);
  });
});
