import type { Position } from '@runledger/event-store';
import type { ApprovalEvent } from '@runledger/contracts';
import type { Recorded } from '@runledger/projections';
import { approvalsProjection, type ApprovalView } from '../../approvals/approvals.projection.js';
import { foldRun, type FoldedEvent } from '../run-reducer.js';
import { withStanding } from '../run-standing.js';
import { STANDING, standOf, STANDS } from '../run-steps.js';
import { runViewEvents, type RunView, type StepView } from '../run-view.js';

/** What of a run is folded anew for a moment of the past; everything else about it is rows that are never changed. */
export interface PastRun {
  /** The moment: events up to this position have happened. */
  readonly asOf: Position;
  /** All of them, in order. */
  readonly steps: readonly StepView[];
  /** Oldest first. */
  readonly approvals: readonly ApprovalView[];
}

const RUN_TYPES: ReadonlySet<string> = new Set(runViewEvents.map(event => event.type));
const APPROVAL_TYPES: ReadonlySet<string> = new Set(approvalsProjection.types);

/** The events that say how a run stood; what its agents did can be told by position alone. */
export const PAST_TYPES: readonly string[] = [...new Set([...RUN_TYPES, ...APPROVAL_TYPES])];

/** Folds a run's events, in log order, by the reducers that fold its rows: so the past is what was shown then (P2). */
export class PastFold {
  #view: RunView | undefined;
  readonly #approvals = new Map<string, ApprovalView>();

  add(event: Recorded<ApprovalEvent> & FoldedEvent): void {
    if (RUN_TYPES.has(event.type)) this.#view = foldRun(this.#view, event);
    if (!APPROVAL_TYPES.has(event.type)) return;
    const key = approvalsProjection.key(event);
    const after = key === undefined ? undefined : approvalsProjection.evolve(this.#approvals.get(key), event);
    if (key !== undefined && after) this.#approvals.set(key, after);
  }

  /** How the run stood after the events so far; undefined: it had not begun. */
  asOf(asOf: Position): { readonly view: RunView; readonly past: PastRun } | undefined {
    if (!this.#view) return undefined;
    const { steps, ...facts } = this.#view;
    const past = { asOf, steps, approvals: [...this.#approvals.values()] };
    return { view: withStanding(facts, standing(steps)), past };
  }
}

/** As many of each kind as are read of a run of today. */
function standing(steps: readonly StepView[]): readonly StepView[] {
  const kept = STANDS.flatMap(stand => steps.filter(step => standOf(step) === stand).slice(0, STANDING));
  return kept.sort((a, b) => a.number - b.number);
}
