import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import type { Connection, PageAsked } from '../graph/connection.js';
import { narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { RequestError } from '../graph/request-errors.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { likePattern } from '../reads/like-pattern.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { keyIn } from '../reads/row-key.js';
import type { RunNode } from './run-nodes.js';
import type { RunStatus } from './run-view.js';
import { RunNumberRow, RunRow } from './runs.entity.js';
import { StepReader } from './step-reader.js';

export interface RunFilter {
  readonly status?: readonly RunStatus[] | null;
  readonly group?: keyof typeof GROUPS | null;
  readonly flow?: string | null;
  readonly trigger?: string | null;
  readonly startedFrom?: string | null;
  readonly startedBefore?: string | null;
  readonly startedBy?: string | null;
  readonly subjectKind?: string | null;
  readonly subjectId?: string | null;
  readonly text?: string | null;
  /** Micro-units. */
  readonly costFrom?: string | null;
  readonly costBelow?: string | null;
}

const GROUPS = {
  OPEN: ['PENDING', 'RUNNING', 'PAUSED', 'BLOCKED', 'INTERRUPTED'],
  UNSUCCESSFUL: ['REJECTED', 'FAILED'],
} as const satisfies Readonly<Record<string, readonly RunStatus[]>>;

export interface RunsAsked extends PageAsked {
  readonly filter: RunFilter;
  readonly by: 'STARTED_AT' | 'DURATION' | 'COST';
  readonly direction: 'ASC' | 'DESC';
}

const SORTED_BY = {
  STARTED_AT: { column: 'r.startedAt', place: (row: RunRow) => row.startedAt.toISOString() },
  DURATION: { column: 'r.durationMs', place: (row: RunRow) => row.durationMs },
  COST: { column: 'r.costMicroUnits', place: (row: RunRow) => row.costMicroUnits },
} as const;

const DESCENDANTS = `
  SELECT run_id FROM (
    SELECT run_id, started_at, row_number() OVER (PARTITION BY lineage_of, lineage_kind ORDER BY started_at, run_id) AS place
    FROM runs WHERE workspace_id = $1 AND lineage_of = ANY ($2::text[])
  ) AS descendant WHERE place <= 100 ORDER BY started_at, run_id`;

/** Reads the runs of one workspace. */
@Injectable()
export class RunReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
    @Inject(StepReader) private readonly steps: StepReader,
  ) {}

  async find(workspaceId: string, runId: string): Promise<RunNode | undefined> {
    return (await this.findAll(workspaceId, [runId])).get(runId);
  }

  /** The run if it fits; undefined: there is none, or it does not. */
  async findFitting(workspaceId: string, runId: string, filter: RunFilter): Promise<RunNode | undefined> {
    const query = this.#select(workspaceId).andWhere('r.key = :key', { key: keyIn(workspaceId, runId) });
    narrow(query, filter);
    const [found] = await this.steps.nodes(workspaceId, await numbered(query));
    return found?.run;
  }

  /** Those of the runs that there are, by id. */
  async findAll(workspaceId: string, runIds: readonly string[]): Promise<Map<string, RunNode>> {
    if (runIds.length === 0) return new Map();
    const keys = runIds.map(id => keyIn(workspaceId, id));
    const found = await numbered(this.#select(workspaceId).andWhere('r.key IN (:...keys)', { keys }));
    const runs = await this.steps.nodes(workspaceId, found);
    return new Map(runs.map(({ run }) => [run.id, run]));
  }

  /** The retries and re-runs of these runs, oldest first; the first 100 of each kind of each. */
  async descendants(workspaceId: string, runIds: readonly string[]): Promise<readonly RunNode[]> {
    const ids = await this.rows.query<{ run_id: string }[]>(DESCENDANTS, [workspaceId, runIds]);
    const found = await this.findAll(
      workspaceId,
      ids.map(row => row.run_id),
    );
    return ids.map(row => found.get(row.run_id)).filter(run => run !== undefined);
  }

  /**
   * A run that something else in the log, at `since`, refers to: read models go at their own pace, so it may be awaited.
   * `found`: what a loader found of it already. Throws `READ_MODEL_BEHIND` when it is not there in time, or no more: a database
   * that died has forgotten its newest rows, which are written again.
   */
  async referred(
    { workspaceId, runId }: { readonly workspaceId: string; readonly runId: string },
    since: bigint,
    found?: RunNode,
  ): Promise<RunNode> {
    const known = found ?? (await this.find(workspaceId, runId));
    if (known) return known;
    await this.readModels.reach(since, ['runs']);
    const awaited = await this.find(workspaceId, runId);
    if (!awaited) {
      const message = `Run ${runId} is in the log, but cannot be shown yet.`;
      throw new RequestError('READ_MODEL_BEHIND', message, 'Ask again in a moment.');
    }
    return awaited;
  }

  async page(workspaceId: string, asked: RunsAsked): Promise<Connection<RunNode>> {
    const { filter, by, direction, ...ends } = asked;
    const list = ['runs', workspaceId, filter, by, direction];
    const sort = SORTED_BY[by];
    const query = this.#select(workspaceId);
    narrow(query, filter);
    const cursor = ends.cursor === undefined ? undefined : this.signer.open(list, ends.cursor);
    narrowToPage(query, { columns: [sort.column, 'r.runId'], direction }, ends, cursor);
    return pageOfList(await this.steps.nodes(workspaceId, await numbered(query)), {
      ...ends,
      list,
      signer: this.signer,
      place: ({ row }) => [sort.place(row), row.runId],
      node: ({ run }) => run,
    });
  }

  #select(workspaceId: string): SelectQueryBuilder<RunRow> {
    return (
      this.rows
        .getRepository(RunRow)
        .createQueryBuilder('r')
        // Looked up for the rows of the page: joined, the whole history would be read for each page.
        .addSelect(
          number =>
            number
              .select('n.number')
              .from(RunNumberRow, 'n')
              .where('n.workspaceId = r.workspaceId AND n.runId = r.runId'),
          'number',
        )
        .where('r.workspaceId = :workspaceId', { workspaceId })
    );
  }
}

async function numbered(query: SelectQueryBuilder<RunRow>): Promise<{ row: RunRow; number: number }[]> {
  const { entities, raw } = await query.getRawAndEntities<{ number: number }>();
  return entities.map((row, index) => ({ row, number: raw[index]?.number ?? 0 }));
}

/** The states that runs must be in; undefined: any. */
export function statesOf({ status, group }: Pick<RunFilter, 'status' | 'group'>): readonly RunStatus[] | undefined {
  const named = status && status.length > 0 ? status : undefined;
  if (group == null) return named;
  const all: readonly RunStatus[] = GROUPS[group];
  return named ? all.filter(state => named.includes(state)) : all;
}

/** Each condition that was given, and the parameter that it takes. */
function narrow(query: SelectQueryBuilder<RunRow>, filter: RunFilter): void {
  const { flow, trigger, startedFrom, startedBefore, startedBy, subjectKind, subjectId, text, costFrom, costBelow } =
    filter;
  const states = statesOf(filter);
  if (states) query.andWhere('r.status = ANY (:states)', { states });
  const conditions: readonly (readonly [string, string, string | null | undefined])[] = [
    // A slug has no underscore, so that an id is told from it, and an index serves either.
    [flow?.startsWith('flow_') ? 'r.flowId = :flow' : 'r.flowSlug = :flow', 'flow', flow],
    ['r.triggerKind = :trigger', 'trigger', trigger],
    ['r.startedAt >= :startedFrom', 'startedFrom', startedFrom],
    ['r.startedAt < :startedBefore', 'startedBefore', startedBefore],
    ['r.startedBy = :startedBy', 'startedBy', startedBy],
    ['r.subjectKind = :subjectKind', 'subjectKind', subjectKind],
    ['r.subjectId = :subjectId', 'subjectId', subjectId],
    ['r.costMicroUnits >= :costFrom', 'costFrom', costFrom],
    ['r.costMicroUnits < :costBelow', 'costBelow', costBelow],
    ['r.search LIKE :text', 'text', text == null ? text : likePattern(text.toLowerCase())],
  ];
  for (const [condition, name, value] of conditions) {
    if (value != null) query.andWhere(condition, { [name]: value });
  }
}
