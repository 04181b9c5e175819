import { hasEnded, type RunFacts } from '../runs/run-view.js';

export type TaskState = 'RUNNING' | 'REVIEW' | 'DONE';

/** A run in the background is a task as well; any other is none. */
export function taskStateOf(view: RunFacts): TaskState | undefined {
  if (view.choices.execution !== 'BACKGROUND') return undefined;
  if (hasEnded(view)) return 'DONE';
  return view.status === 'PENDING' || view.status === 'RUNNING' ? 'RUNNING' : 'REVIEW';
}
