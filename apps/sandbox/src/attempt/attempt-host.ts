import type { CommandHandler, EventStore } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { BlobStores, Clock, Telemetry } from '@runledger/platform';
import { join } from 'node:path';
import type { AgentSettings } from '../agent/agent-step.js';
import { runAgentWork } from '../agent/agent-work.js';
import { callDurations, modelCallObserver } from '../agent/model-call-observer.js';
import { DEFAULT_PATIENCE } from '../agent/model-patience.js';
import { openModel } from '../agent/providers.js';
import { driverFor } from '../driver/driver-choice.js';
import type { Forks } from '../forking/forks.js';
import { localDrivers } from '../driver/local-drivers.js';
import type { Integrations } from '../integrations/integrations.js';
import { unmetNeed } from '../integrations/unmet-needs.js';
import type { OperatorsOffer } from '../integrations/unmet-needs.js';
import type { PublishedProfiles } from '../profile/published-profiles.js';
import type { SandboxConfig } from '../sandbox.config.js';
import { runnerProgram } from '../runner/runner-launch.js';
import { runnersTelemetry } from '../runner/runners-telemetry.js';
import { Runners } from '../runner/runners.js';
import { WorkspaceKeeper } from '../snapshot/workspace-keeper.js';
import { setUpWorkspace } from '../workspace/set-up.js';
import type { AttemptHost } from './attempt-execution.js';
import { AttemptObserver } from './attempt-observer.js';
import { readHistory } from './attempt-history.js';
import { runCommandStep } from './command-step.js';
import { keepArtifacts } from './keep-artifacts.js';
import { RunSandboxes } from './run-sandboxes.js';
import type { StepResult, StepRun } from './step-run.js';
import { supplyFiles } from './supply-files.js';
import { workerName } from '../workers/worker-name.js';

export interface AttemptHostParts {
  readonly store: EventStore;
  readonly blobs: BlobStores;
  readonly clock: Clock;
  readonly commands: CommandHandler;
  readonly profiles: PublishedProfiles;
  readonly config: SandboxConfig;
  readonly integrations: Integrations;
  readonly offer: OperatorsOffer;
  readonly homeDir: string;
  /** Starts the programs of sandboxes on this machine. */
  readonly forks: Forks;
  readonly telemetry: Telemetry;
}

/** Most that one call of a model may take. */
const MODEL_CALL_MS = 600_000;
/** Most that a runner keeps of what nobody has heard. */
const SPOOL_BYTES = 67_108_864;

/** Attempts on the drivers of this machine, with the profiles of the workspaces and the providers of the configuration. */
export function attemptHost(parts: AttemptHostParts): Omit<AttemptHost, 'people'> {
  const { store, blobs, clock, commands, profiles, config, homeDir, forks, telemetry, integrations, offer } = parts;
  const drivers = localDrivers(homeDir, config, forks);
  const agents: AgentSettings = {
    open: openModel,
    patience: DEFAULT_PATIENCE,
    modelCallMs: MODEL_CALL_MS,
    holdMs: config.agents.holdMs,
    observe: modelCallObserver(callDurations(telemetry.metrics)),
  };
  const runners = config.agents.place === 'runner' ? runnersOf(parts) : undefined;
  return {
    store,
    blobs,
    clock,
    commands,
    worker: workerName(homeDir),
    observer: new AttemptObserver(telemetry, store),
    sandboxes: new RunSandboxes(Object.values(drivers)),
    profile: (workspaceId, slug) => profiles.find(workspaceId, slug),
    credentials: workspaceId => integrations.credentialsOf(workspaceId),
    unmet: async ({ workspaceId, ready: { requires } }) =>
      requires && unmetNeed(requires, await integrations.book(workspaceId), offer),
    driver: profile => driverFor(profile, drivers),
    privateNetworks: config.privateNetworks,
    setUp: (sandbox, profile, { workspaceId, ...tools }) =>
      setUpWorkspace(sandbox, profile, { ...tools, access: integrations.repositoriesOf(workspaceId) }),
    work: run => (runners && run.attempt.ready.agent ? runners.work(run) : workOf(agents, run)),
    ...(runners && { runners }),
    files: new WorkspaceKeeper({ store, blobs: blobs.area('snapshots') }),
    supply: run => supplyFiles(run, { store, artifacts: blobs.area('artifacts') }),
    collect: run => keepArtifacts(run, blobs.area('artifacts')),
  };
}

function runnersOf({ store, config, homeDir, telemetry }: AttemptHostParts): Runners {
  const { agents, mountSources, privateNetworks, allowProcessIsolation, docker, kubernetes } = config;
  return new Runners({
    directory: join(homeDir, 'runners'),
    program: { ...runnerProgram(), environment: agents.environment },
    machine: {
      homeDir,
      mountSources,
      privateNetworks,
      allowProcessIsolation,
      ...(docker && { docker }),
      ...(kubernetes && { kubernetes }),
    },
    limits: { spoolBytes: SPOOL_BYTES, modelCallMs: MODEL_CALL_MS, holdMs: agents.holdMs, aloneMs: 0 },
    outlive: agents.atStop === 'leave',
    history: ({ workspaceId, place }) => readHistory(store, workspaceId, place),
    heard: runnersTelemetry(telemetry.metrics),
  });
}

function workOf(agents: AgentSettings, run: StepRun): Promise<StepResult> {
  const { agent, command } = run.attempt.ready;
  if (agent) return runAgentWork(agents, run, agent);
  if (command) return runCommandStep(run, command);
  throw new Fault('EMPTY_STEP', `Step ${run.attempt.place.step} says neither what agent nor what command to run.`);
}
