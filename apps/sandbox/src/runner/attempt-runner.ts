import { INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api';
import { Fault, RetryableError } from '@runledger/kernel';
import { withinSpan } from '@runledger/platform';
import { runAgentWork } from '../agent/agent-work.js';
import { modelCallObserver } from '../agent/model-call-observer.js';
import { DEFAULT_PATIENCE } from '../agent/model-patience.js';
import { openModel } from '../agent/providers.js';
import { diskFull } from '../attempt/disk-full.js';
import { failureResult } from '../attempt/failure-result.js';
import type { Budget } from '../attempt/budget.js';
import type { Flows } from '../attempt/flows.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { People } from '../attempt/people.js';
import { CANCELLED, timedOut } from '../attempt/step-run.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { AttemptLeftError, AttemptPausedError } from '../attempt/stop-switch.js';
import type { StopSwitch } from '../attempt/stop-switch.js';
import { Transcript } from '../attempt/transcript.js';
import { driverFor } from '../driver/driver-choice.js';
import { machineDrivers } from '../driver/machine-drivers.js';
import type { SandboxDriver } from '../driver/sandbox-driver.js';
import { egressRulesOf } from '../egress/egress-policy.js';
import type { Credentials } from '../integrations/credentials.js';
import { AnsweredFault, wireFault } from './line-channel.js';
import { historyOf } from './runner-protocol.js';
import type { BeginOrder, RunnerEnd, RunnerLimits, RunnerSpec } from './runner-protocol.js';
import type { ServicePorts } from './service-ports.js';
import { tellingTracer } from './told-spans.js';
import { SpooledBlobs } from './spooled-blobs.js';
import type { Spool } from './spool.js';

export interface RunnerTools {
  readonly spool: Spool;
  readonly ports: ServicePorts;
  readonly stop: StopSwitch;
  /** Where blobs lie until the service has them. */
  readonly blobsDir: string;
}

/** Around everything; the service has the real one. */
const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

const clock = { now: () => new Date().toISOString() };

/** Does the work of an attempt with everything that the service would have done it with, and says how it ended. */
export async function runAttempt({ spec, history }: BeginOrder, tools: RunnerTools): Promise<RunnerEnd> {
  const { spool, stop } = tools;
  const sink = {
    record: spool.add.bind(spool),
    settle: spool.settle.bind(spool),
    end: () => Promise.reject(new TypeError('The service ends an attempt, not its runner.')),
    close: () => undefined,
  };
  const transcript = new Transcript(sink, clock, {
    worker: 'runner',
    place: spec.attempt.place,
    eager: true,
  });
  const deadline = performance.now() + spec.remainingMs;
  const timer = setTimeout(() => stop.stop('timeout', false), Math.min(spec.remainingMs, 2_147_483_647));
  const turns = history.turns.length;
  try {
    const run = await stepRun({ spec, history }, tools, transcript);
    const remainingMs = () => Math.max(1, Math.round(deadline - performance.now()));
    const result = await agentWork({ ...run, remainingMs }, tools.ports, spec.limits);
    stop.throwIfLeft();
    return { kind: 'result', result };
  } catch (error) {
    return endOf(error, stop, { turns, timeoutMs: spec.attempt.ready.timeoutMs });
  } finally {
    clearTimeout(timer);
    await transcript.flush();
  }
}

async function stepRun(
  { spec, history }: BeginOrder,
  { ports, stop, blobsDir }: RunnerTools,
  transcript: Transcript,
): Promise<Omit<StepRun, 'remainingMs'>> {
  const { attempt, profile, asking, machine } = spec;
  const driver = await driverOf(spec);
  const sandbox = await driver.open({ workspaceId: attempt.workspaceId, runId: attempt.place.runId, profile });
  return {
    attempt,
    history: historyOf(history),
    transcript,
    sandbox,
    profile,
    egress: egressRulesOf(profile, machine.privateNetworks),
    blobs: new SpooledBlobs(blobsDir, ports),
    people: ports.port<People>('people', ['covering', 'answerTo']),
    budget: ports.port<Budget>('budget', ['reserve', 'release']),
    flows: ports.port<Flows>('flows', ['start']),
    credentials: ports.port<Credentials>('credentials', ['get', 'connection', 'report']),
    asking,
    stop,
  };
}

/** What speaks to engines of containers is loaded where the sandbox is in one. */
async function driverOf({ profile, machine }: RunnerSpec): Promise<SandboxDriver> {
  const here = machineDrivers(machine.homeDir, machine);
  if (profile.isolation !== 'docker' && profile.isolation !== 'kubernetes') return driverFor(profile, here);
  const { containerDrivers } = await import('../container/container-drivers.js');
  return driverFor(profile, { ...here, ...containerDrivers(machine.homeDir, machine) });
}

async function agentWork(run: StepRun, ports: ServicePorts, limits: RunnerLimits): Promise<StepResult> {
  const { agent } = run.attempt.ready;
  const { modelCallMs, holdMs } = limits;
  if (!agent) throw new Fault('EMPTY_STEP', `Step ${run.attempt.place.step} has no agent for a runner.`);
  const observe = modelCallObserver(call => ports.tell('model-call', call));
  const settings = { open: openModel, patience: DEFAULT_PATIENCE, modelCallMs, holdMs, observe };
  const tracer = tellingTracer(span => ports.tell('span', span));
  return withinSpan(NO_SPAN, { tracer }, () => runAgentWork(settings, run, agent));
}

/** What the service would have made of the same error. */
function endOf(
  error: unknown,
  stop: StopSwitch,
  { turns, timeoutMs }: { turns: number; timeoutMs: number },
): RunnerEnd {
  if (stop.cause === 'shutdown' || stop.cause === 'lost' || error instanceof AttemptLeftError) return { kind: 'left' };
  if (stop.cause === 'cancelled') return { kind: 'result', result: { outcome: 'ERROR', turns, error: CANCELLED } };
  if (stop.cause === 'timeout') {
    return { kind: 'result', result: { outcome: 'ERROR', turns, error: timedOut(timeoutMs) } };
  }
  if (error instanceof AwaitingPeopleError) return { kind: 'waits', callId: error.callId };
  if (error instanceof AttemptPausedError) return { kind: 'paused' };
  const isPassed = error instanceof RetryableError || (error instanceof AnsweredFault && error.passes);
  if (isPassed || diskFull(error)) return { kind: 'fault', fault: wireFault(error) };
  return { kind: 'result', result: failureResult(error, turns) };
}
