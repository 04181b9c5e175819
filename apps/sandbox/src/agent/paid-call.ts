import { UsageRecorded } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';
import { AttemptPausedError } from '../attempt/stop-switch.js';
import type { ModelFaultCode } from './model-fault.js';
import type { TurnOutcome } from './model-turn.js';
import { UNTOLD } from './model-usage.js';

const NOT_TAKEN: ReadonlySet<ModelFaultCode> = new Set([
  'auth',
  'quota',
  'rate_limited',
  'overloaded',
  'context_overflow',
  'provider_refused',
]);

/** One call of a model as money sees it: set aside before, recorded after. `name` is unique within the attempt. */
export class PaidCall {
  readonly #callId: string;

  constructor(
    private readonly run: Pick<StepRun, 'budget' | 'transcript'>,
    private readonly work: { readonly provider: string; readonly model: string },
    private readonly name: string,
  ) {
    this.#callId = `${run.transcript.place.attemptId}.${name}`;
  }

  /** Sets the most that it can cost aside (M1), or leaves the attempt: its run is on hold until there is room. */
  async reserve(most: { readonly inputTokens: number; readonly maxOutputTokens: number }): Promise<void> {
    const { budget, transcript } = this.run;
    const { provider, model } = this.work;
    const reservation = await budget.reserve({ callId: this.#callId, provider, model, ...most });
    if (reservation.granted) return;
    transcript.note('InfoRecorded', `budget.${this.name}`, reservation.reason);
    throw new AttemptPausedError();
  }

  /**
   * Says what it used; what the provider did not take is given back. Of a connection that was lost nobody knows. An answer that came whole
   * and did not say what it used is recorded as just that: its budgets count what was set aside for it (M1).
   */
  async ended(outcome: TurnOutcome): Promise<void> {
    const { transcript, budget } = this.run;
    const usage = outcome.usage ?? (outcome.status === 'finished' ? UNTOLD : undefined);
    if (usage) {
      const { provider, model } = this.work;
      const used = { kind: 'model', provider, model, ...usage } as const;
      transcript.add(UsageRecorded({ ...transcript.place, usageId: this.#callId, usage: used, at: transcript.now() }));
    } else if (outcome.status === 'failed' && NOT_TAKEN.has(outcome.fault.code)) await budget.release(this.#callId);
  }
}
