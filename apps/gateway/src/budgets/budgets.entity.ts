import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { BudgetView, LedgerView } from './budgets.projection.js';

/** How much may be spent on something. */
@Entity({ name: 'budgets' })
export class BudgetRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('json')
  view!: BudgetView;
}

/** How much is spent of it. */
@Entity({ name: 'budget_ledgers' })
export class BudgetLedgerRow {
  @PrimaryColumn('text')
  key!: string;

  @Column('text', { name: 'workspace_id' })
  workspaceId!: string;

  @Column('json')
  view!: LedgerView;
}
