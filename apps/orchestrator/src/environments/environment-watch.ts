import { StepReady } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { defineTimer, firingContext, type TimerKind, type Timers } from '@runledger/timers';
import { ENVIRONMENT_FIX } from '../runs/block-causes.js';
import { ORCHESTRATOR } from '../runs/orchestrator-actor.js';
import { stepOf } from '../runs/run-state.js';
import { run } from '../runs/run.decider.js';
import { unhealthyOf } from './unhealthy-environments.js';

const KIND = 'run.environments';
/** How often one looks after the environments of an attempt while it executes. */
const LOOK_EVERY_MS = 5_000;

type Ready = ReturnType<typeof StepReady>['data'];
type Watched = Pick<Ready, 'runId' | 'step' | 'attempt'> & { readonly environments: readonly string[] };

interface WatchParts {
  readonly commands: CommandHandler;
  readonly timers: Timers;
}

/** Attempts that require environments are looked after from their beginning on; most require none, and cost nothing. */
export function environmentWatch(timers: Timers): Reactor {
  return {
    name: 'orchestrator.environments',
    types: [StepReady.type],
    concerns: ({ data }) => requiredBy(data as Ready).length > 0,
    react: event => watch(timers, event),
  };
}

async function watch(timers: Timers, event: RecordedEvent): Promise<void> {
  const ready = event.data as Ready;
  const { runId, step, attempt, readyAt } = ready;
  const payload: Watched = { runId, step, attempt, environments: requiredBy(ready) };
  const name = `${KIND}:${runId}.${step}.${attempt}`;
  await timers.set({ name, kind: KIND, tenant: event.tenant, payload, dueAt: readyAt });
}

function requiredBy({ environments = [] }: Ready): readonly string[] {
  return environments;
}

/** Blocks an attempt that executes while an environment that it requires is not healthy; else looks again soon. */
export function environmentTimerKind({ commands, timers }: WatchParts): TimerKind {
  return defineTimer(KIND, async firing => {
    const watched = firing.payload as Watched;
    const { runId, step, attempt } = watched;
    const { tenant, firedAt: at, name } = firing;
    const { state } = await commands.load(run, { tenant, name: streamOf('run', runId) });
    const progress = state.status === 'running' ? stepOf(state, step) : undefined;
    if (progress?.status !== 'executing' || progress.attempt !== attempt) return;
    const [wrong] = await unhealthyOf(commands, tenant, watched.environments);
    if (!wrong) {
      const dueAt = new Date(Date.parse(at) + LOOK_EVERY_MS).toISOString();
      return timers.set({ name, kind: KIND, tenant, payload: watched, dueAt });
    }
    const cause = { kind: 'ENVIRONMENT' as const, message: wrong.message, fix: ENVIRONMENT_FIX };
    const context = firingContext(firing, { actor: ORCHESTRATOR, correlationId: runId });
    // What has ended meanwhile is not blocked any more.
    await commands.handle(
      run,
      streamOf('run', runId),
      { type: 'BlockStep', data: { step, attempt, cause, at } },
      context,
    );
  });
}
