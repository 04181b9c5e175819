import { Inject, Injectable } from '@nestjs/common';
import type { BudgetLedger } from '@runledger/contracts';
import { CLOCK, type Clock } from '@runledger/platform';
import { DataSource, In } from 'typeorm';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import { BudgetLedgerRow, BudgetRow } from './budgets.entity.js';
import { ledgerKey, type BudgetView, type LedgerView } from './budgets.projection.js';

/** A limit with the ledger that is held against it now. */
export interface StandingBudget {
  readonly budget: BudgetView;
  readonly ledger: BudgetLedger | undefined;
  readonly view: LedgerView | undefined;
}

/** Reads the budgets of one workspace. */
@Injectable()
export class BudgetReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async all(workspaceId: string): Promise<StandingBudget[]> {
    const found = await this.rows.getRepository(BudgetRow).find({ where: { workspaceId }, order: { key: 'ASC' } });
    return this.#standing(
      workspaceId,
      found.map(({ view }) => view),
    );
  }

  async one(workspaceId: string, budgetId: string): Promise<StandingBudget | undefined> {
    const row = await this.rows.getRepository(BudgetRow).findOneBy({ key: keyIn(workspaceId, budgetId) });
    const [found] = row ? await this.#standing(workspaceId, [row.view]) : [];
    return found;
  }

  /** Of the run itself: its own, else that of each run of its flow, else that of each run. */
  async ofRun(workspaceId: string, runId: string, flowId: string): Promise<StandingBudget | undefined> {
    const found = await this.rows.getRepository(BudgetRow).find({ where: { workspaceId } });
    const budgets = found.map(({ view }) => view);
    const budget =
      budgets.find(({ scope }) => scope.kind === 'RUN' && scope.runId === runId) ??
      budgets.find(({ scope }) => scope.kind === 'EACH_RUN' && scope.flowId === flowId) ??
      budgets.find(({ scope }) => scope.kind === 'EACH_RUN' && scope.flowId === undefined);
    if (!budget) return undefined;
    const ledger = { kind: 'RUN', id: runId } as const;
    const [view] = await this.#views(workspaceId, [ledger]);
    return { budget, ledger, view };
  }

  async #standing(workspaceId: string, budgets: readonly BudgetView[]): Promise<StandingBudget[]> {
    const ledgers = budgets.map(budget => this.#ledgerOf(budget));
    const views = await this.#views(
      workspaceId,
      ledgers.filter(ledger => ledger !== undefined),
    );
    const byKey = new Map(views.map(view => [ledgerKey(view.ledger), view]));
    return budgets.map((budget, at) => {
      const ledger = ledgers[at];
      return { budget, ledger, view: ledger && byKey.get(ledgerKey(ledger)) };
    });
  }

  async #views(workspaceId: string, ledgers: readonly BudgetLedger[]): Promise<LedgerView[]> {
    if (ledgers.length === 0) return [];
    const keys = ledgers.map(ledger => keyIn(workspaceId, ledgerKey(ledger)));
    const found = await this.rows.getRepository(BudgetLedgerRow).findBy({ key: In(keys) });
    return found.map(({ view }) => view);
  }

  #ledgerOf({ scope, workspaceId }: BudgetView): BudgetLedger | undefined {
    const month = this.clock.now().slice(0, 7);
    switch (scope.kind) {
      case 'RUN':
        return { kind: 'RUN', id: scope.runId };
      case 'EACH_RUN':
        return undefined;
      case 'FLOW':
        return { kind: 'FLOW', id: scope.flowId, month };
      case 'WORKSPACE':
        return { kind: 'WORKSPACE', id: workspaceId, month };
    }
  }
}
