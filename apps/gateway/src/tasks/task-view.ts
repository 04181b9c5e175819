import { idOf, keyOf } from '@runledger/kernel';
import type { RunNode } from '../runs/run-nodes.js';
import { costNode } from '../runs/run-nodes.js';
import { taskStateOf } from './task-state.js';

export type TaskNode = NonNullable<ReturnType<typeof taskNode>>;

/** The run as a task; undefined when it does not run in the background. Sums are those of the run (M1). */
export function taskNode(run: RunNode) {
  const { view } = run;
  const state = taskStateOf(view);
  if (state === undefined) return undefined;
  const { total, unpriced } = costNode(view.costs, () => Promise.resolve([]));
  return {
    id: idOf('task', keyOf(view.id)),
    run,
    title: view.subject ? `${view.flowName}: ${view.subject.kind} ${view.subject.id}` : view.flowName,
    state,
    reason: run.statusReason,
    turns: view.tally.turns,
    cost: total,
    unpriced,
    startedAt: view.startedAt,
    endedAt: view.endedAt ?? null,
  };
}
