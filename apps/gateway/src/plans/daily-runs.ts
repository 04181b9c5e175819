import type { Plan } from '@runledger/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@runledger/platform';
import { DataSource } from 'typeorm';
import type { WorkspaceView } from '../access/access.projection.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

/** Shown beside what is used; billing alone decides by it. */
const CAPS: Readonly<Record<Plan, number | null>> = { free: 5, team: 20, business: null };

const DAY_MS = 86_400_000;

/** Reads how many runs of today a workspace has started, and may. */
@Injectable()
export class DailyRunReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async of({ workspaceId, plan, dailyRuns }: WorkspaceView) {
    const day = this.clock.now().slice(0, 10);
    const midnight = Date.parse(`${day}T00:00:00.000Z`);
    const cap = CAPS[plan];
    const reserved = dailyRuns?.day === day ? dailyRuns.used : 0;
    const started = cap === null ? await this.#startedSince(workspaceId, new Date(midnight)) : reserved;
    return {
      started,
      cap,
      remaining: cap === null ? null : Math.max(0, cap - started),
      resetsAt: new Date(midnight + DAY_MS).toISOString(),
    };
  }

  /** Plans without a cap take no places. */
  async #startedSince(workspaceId: string, since: Date): Promise<number> {
    const [found] = await this.rows.query<{ count: string }[]>(
      'SELECT count(*) AS count FROM runs WHERE workspace_id = $1 AND started_at >= $2',
      [workspaceId, since],
    );
    return Number(found?.count ?? 0);
  }
}
