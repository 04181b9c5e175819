import type { StepDefinition, StepReady } from '@runledger/contracts';
import { stepOf, type RunFacts } from './run-state.js';

type Consumed = Pick<ReturnType<typeof StepReady>['data'], 'consumes'>;

/** Which attempts kept the files that a step consumes. A step that was left out kept none. */
export function consumedBy(run: RunFacts, { consumes = [] }: StepDefinition): Consumed {
  const { runId, started } = run.plan;
  const found = consumes.flatMap(files => {
    const done = stepOf(run, files.step);
    if (done?.status !== 'completed') return [];
    const inherited = started.inherited?.find(other => other.step === files.step)?.from;
    const from = done.attempt > 0 ? { runId, attempt: done.attempt } : inherited;
    return from && from.attempt > 0 ? [{ ...files, from }] : [];
  });
  return found.length === 0 ? {} : { consumes: found };
}
