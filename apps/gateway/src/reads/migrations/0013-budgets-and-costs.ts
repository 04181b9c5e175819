import type { MigrationInterface, QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE budgets (key text PRIMARY KEY, workspace_id text NOT NULL, view json NOT NULL)`,
  `CREATE INDEX budgets_of_workspace ON budgets (workspace_id)`,
  `CREATE TABLE budget_ledgers (key text PRIMARY KEY, workspace_id text NOT NULL, view json NOT NULL)`,
  `CREATE TABLE charges (
    workspace_id text NOT NULL, charge_id text NOT NULL, usage_id text NOT NULL, run_id text NOT NULL, step text NOT NULL,
    attempt int NOT NULL, kind text NOT NULL, provider text NOT NULL, model text NOT NULL, resource_class text NOT NULL,
    amount bigint, currency text NOT NULL, rate_card_version int, note text, used_at timestamptz NOT NULL, day date NOT NULL,
    position bigint NOT NULL, PRIMARY KEY (workspace_id, charge_id))`,
  `CREATE INDEX charges_by_time ON charges (workspace_id, used_at, charge_id)`,
  `CREATE INDEX charges_of_run ON charges (workspace_id, run_id)`,
  `CREATE INDEX charges_unpriced ON charges (workspace_id, used_at) WHERE amount IS NULL`,
  `CREATE TABLE charged_runs (
    workspace_id text NOT NULL, run_id text NOT NULL, flow_id text NOT NULL, flow_version int NOT NULL, member_id text NOT NULL,
    started_at timestamptz NOT NULL, PRIMARY KEY (workspace_id, run_id))`,
  `CREATE INDEX charged_runs_of_flow ON charged_runs (workspace_id, flow_id, started_at)`,
  `CREATE TABLE cost_days (
    workspace_id text NOT NULL, day date NOT NULL, flow_id text NOT NULL, step text NOT NULL, kind text NOT NULL,
    provider text NOT NULL, model text NOT NULL, resource_class text NOT NULL, member_id text NOT NULL, currency text NOT NULL,
    amount numeric NOT NULL, charges bigint NOT NULL, unpriced bigint NOT NULL,
    PRIMARY KEY (workspace_id, day, flow_id, step, kind, provider, model, resource_class, member_id, currency))`,
];

/** What may be spent, what is spent, and every charge with the sums of each day. */
export class BudgetsAndCosts1763700000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE budgets, budget_ledgers, charges, charged_runs, cost_days');
  }
}
