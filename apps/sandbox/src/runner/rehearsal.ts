import { DEFAULT_LIMITS } from '@runledger/contracts';
import type { AgentWork, ProfileDefinition } from '@runledger/contracts';
import { runAgentWork } from '../agent/agent-work.js';
import { DEFAULT_PATIENCE } from '../agent/model-patience.js';
import { openModel } from '../agent/providers.js';
import { emptyHistory } from '../attempt/attempt-history.js';
import { placeOf } from '../attempt/attempt-place.js';
import { UNLIMITED } from '../attempt/budget.js';
import { NO_FLOWS } from '../attempt/flows.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { StopSwitch } from '../attempt/stop-switch.js';
import { Transcript } from '../attempt/transcript.js';
import { NO_CREDENTIALS } from '../integrations/credentials.js';

const AGENT: AgentWork = {
  ...{ provider: 'scripted', model: 'rehearsal', prompt: 'Rehearse.' },
  script: [{ text: 'Once.', tools: [{ name: 'todo_write', arguments: { todos: [] } }] }, { text: 'Done.' }],
};

const PROFILE: ProfileDefinition = {
  ...{ slug: 'rehearsal', name: 'Rehearsal', isolation: 'bubblewrap', repositories: [], mounts: [], env: {} },
  ...{ resourceClass: 'small', limits: DEFAULT_LIMITS, network: 'none' },
};

/**
 * Plays two turns of an agent with nobody to hear it. What V8 compiles and what libraries prepare for it need not be done while somebody
 * waits for the first word of a real one. It opens nothing and stores nothing.
 */
export async function rehearseAgent(): Promise<StepResult> {
  const at = new Date().toISOString();
  const ready: StepRun['attempt']['ready'] = {
    ...{ runId: 'run_rehearsal', step: 'rehearsal', attempt: 1, profile: PROFILE.slug, timeoutMs: 60_000 },
    ...{ artifacts: [], readyAt: at, agent: AGENT },
  };
  const place = placeOf(ready);
  const sink = { record: nothing, end: nothing, close: () => undefined };
  const run: StepRun = {
    attempt: { workspaceId: 'rehearsal', readyEventId: 'rehearsal', place, ready },
    history: emptyHistory(),
    transcript: new Transcript(sink, { now: () => at }, { worker: 'rehearsal', place, eager: true }),
    profile: PROFILE,
    egress: { hosts: [], privateNetworks: [] },
    ...{ sandbox: absent(), blobs: absent(), people: absent() },
    ...{ budget: UNLIMITED, flows: NO_FLOWS, credentials: NO_CREDENTIALS },
    asking: [],
    stop: new StopSwitch(),
    remainingMs: () => ready.timeoutMs,
  };
  return runAgentWork({ open: openModel, patience: DEFAULT_PATIENCE, modelCallMs: ready.timeoutMs }, run, AGENT);
}

const nothing = (): Promise<void> => Promise.resolve();

/** Of what a rehearsal has no use for. */
function absent<Port extends object>(): Port {
  const get = (_: object, name: string | symbol): never => {
    throw new TypeError(`A rehearsal has no ${String(name)}.`);
  };
  return new Proxy<Port>({} as Port, { get });
}
