import type { StepReady } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { inProgress } from '../runs/run-attempts.js';
import type { Run } from '../runs/run-state.js';
import { run } from '../runs/run.decider.js';

/** What a call of a function is made from. */
export type Ready = ReturnType<typeof StepReady>['data'];

/**
 * `unwanted`: the run is being cancelled; `killed`: by force, so that nobody waits. `gone`: the run does not wait for this attempt
 * any more.
 */
export type Interest = 'awaited' | 'unwanted' | 'killed' | 'gone';

/** Whether runs wait for calls. */
export class CallInterest {
  constructor(private readonly commands: Pick<CommandHandler, 'load' | 'remembered'>) {}

  /** As this process last knew it, which may be old; undefined when it knows nothing of the run. */
  remembered(tenant: string, ready: Ready): Interest | undefined {
    const known = this.commands.remembered(run, { tenant, name: streamOf('run', ready.runId) });
    return known && interestOf(known, ready);
  }

  /** As the store has it; throws when that is away. */
  async now(tenant: string, ready: Ready): Promise<Interest> {
    const { state } = await this.commands.load(run, { tenant, name: streamOf('run', ready.runId) });
    return interestOf(state, ready);
  }
}

function interestOf(state: Run, ready: Ready): Interest {
  const found = inProgress(state, ready);
  if (!found) return 'gone';
  const { closing } = found.run;
  if (closing?.as !== 'cancelled') return 'awaited';
  return closing.mode === 'FORCE' ? 'killed' : 'unwanted';
}
