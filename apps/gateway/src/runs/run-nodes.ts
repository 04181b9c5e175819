import type { Scope } from '@runledger/contracts';
import { money, type Money } from '../graph/money.js';
import { actorNode } from '../graph/nodes.js';
import { positionText } from '../graph/position-text.js';
import type { CostSum, CostSums } from './cost-sums.js';
import { NO_COST } from './cost-sums.js';
import type { PastRun } from './past/past-run.js';
import type { AttemptView, RunView, StepView } from './run-view.js';
import { waitingOn, type Waiting } from './waiting.js';

export type RunNode = ReturnType<typeof runNode>;
export type StepNode = ReturnType<typeof stepNode>;

/** A run as the API shows it; `view` and `past` are for the field resolvers. `past`: it is shown as it was. */
export function runNode(view: RunView, number: number, past?: PastRun) {
  const { id, status, statusReason, startedBy, trigger, subject, startedAt, endedAt, parameters, choices } = view;
  return {
    __typename: 'Run' as const,
    view,
    past,
    id,
    number,
    status,
    statusReason: statusReason ?? null,
    waitingOn: waitingOn(view).map(waitingNode),
    startedBy: actorNode(startedBy),
    trigger: { kind: trigger.kind.toUpperCase(), ref: trigger.ref ?? null },
    subject: subject ?? null,
    startedAt,
    endedAt: endedAt ?? null,
    durationMs: endedAt === undefined ? null : Date.parse(endedAt) - Date.parse(startedAt),
    onlyStep: view.onlyStep ?? null,
    parameters,
    choices,
    stepCounts: countsNode(view.tally.states),
    position: positionText(BigInt(view.position)),
  };
}

function countsNode(states: RunView['tally']['states']) {
  const { PENDING, RUNNING, WAITING, COMPLETED, FAILED, BLOCKED, SKIPPED, CANCELLED } = states;
  return {
    total: Object.values(states).reduce((sum, count) => sum + count, 0),
    pending: PENDING,
    running: RUNNING,
    waiting: WAITING,
    completed: COMPLETED,
    failed: FAILED,
    blocked: BLOCKED,
    skipped: SKIPPED,
    cancelled: CANCELLED,
  };
}

export function scopeName(scope: Scope): string {
  return scope.replaceAll('.', '_').toUpperCase();
}

function waitingNode(waiting: Waiting) {
  const mayAct = waiting.mayAct === undefined ? null : scopeName(waiting.mayAct);
  return { ...waiting, mayAct, members: waiting.members ?? [] };
}

/** `now`: ISO 8601; what executes is measured up to it. `run` and `step` are for the field resolvers. */
export function stepNode(run: RunNode, step: StepView, now: string) {
  const { key, number, wave, name, kind, needs, state, outcome, summary, output, endedAt, provider, model } = step;
  const sum = step.cost ?? NO_COST;
  return {
    run,
    step,
    runId: run.id,
    key,
    number,
    wave,
    name,
    kind,
    skill: step.skill ?? null,
    function: step.function ?? null,
    needs,
    state,
    outcome: outcome ?? null,
    summary: summary ?? null,
    output: output ?? null,
    error: errorOf(step) ?? null,
    startedAt: step.attempts.find(attempt => attempt.startedAt !== undefined)?.startedAt ?? null,
    endedAt: endedAt ?? null,
    elapsedMs: elapsedOf(step.attempts, now),
    turns: step.attempts.reduce((turns, attempt) => turns + attempt.turns, 0),
    cost: amountOf(sum),
    unpriced: sum.unpriced > 0,
    provider: provider ?? null,
    model: model ?? null,
    attempts: step.attempts.map(attempt => attemptNode(attempt, now)),
  };
}

/** A step that did part of its work is done; what it lacks only its last attempt says. One that is blocked names what by. */
function errorOf({ error, blocked, outcome, attempts }: StepView): StepView['error'] {
  if (blocked) return { code: blocked.kind, message: blocked.message, fix: blocked.fix };
  return error ?? (outcome === 'PARTIAL' ? attempts.at(-1)?.error : undefined);
}

function attemptNode(attempt: AttemptView, now: string) {
  const { outcome, summary, error, startedAt, endedAt, exitCode, driver } = attempt;
  return {
    ...attempt,
    outcome: outcome ?? null,
    summary: summary ?? null,
    error: error ?? null,
    startedAt: startedAt ?? null,
    endedAt: endedAt ?? null,
    elapsedMs: elapsedOf([attempt], now),
    exitCode: exitCode ?? null,
    driver: driver ?? null,
    function: attempt.function ?? null,
  };
}

function elapsedOf(attempts: readonly AttemptView[], now: string): number | null {
  const begun = attempts.filter(attempt => attempt.startedAt !== undefined);
  if (begun.length === 0) return null;
  return begun.reduce((sum, attempt) => sum + (attempt.elapsedMs ?? sinceMs(attempt.startedAt, now)), 0);
}

function sinceMs(start: string | undefined, now: string): number {
  return start === undefined ? 0 : Math.max(0, Date.parse(now) - Date.parse(start));
}

/** A run's charges from all sides; `byStep`: those of each step. */
export function costNode(sums: CostSums, byStep: () => Promise<readonly (readonly [string, CostSum])[]>) {
  return {
    total: amountOf(sums.total),
    unpriced: sums.total.unpriced > 0,
    amounts: Object.entries(sums.total.amounts).map(([currency, amount]) => money(amount, currency)),
    charges: sums.total.charges,
    byStep: async () => linesOf(await byStep()),
    byModel: linesOf(Object.entries(sums.byModel)),
    byProvider: linesOf(Object.entries(sums.byProvider)),
    compute: linesOf(Object.entries(sums.compute)),
  };
}

function linesOf(sums: readonly (readonly [string, CostSum])[]) {
  return sums.map(([key, sum]) => ({
    key,
    cost: amountOf(sum),
    unpriced: sum.unpriced > 0,
    charges: sum.charges,
  }));
}

/** One amount; null when nothing is priced, or when there is no single currency to name it in. */
export function amountOf(sum: CostSum): Money | null {
  const [first, ...others] = Object.entries(sum.amounts);
  return first && others.length === 0 ? money(first[1], first[0]) : null;
}
