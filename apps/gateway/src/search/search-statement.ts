import type { CursorPart } from '../graph/signed-cursor.js';
import type { SearchKind } from './searched-texts.js';
import { placeLexeme } from './words.js';

/** Most texts that are compared with each other: the newest that fit. */
const MOST_RANKED = 5_000;

export interface SearchFilter {
  readonly kinds: readonly SearchKind[];
  readonly flow: string | undefined;
  readonly runId: string | undefined;
  readonly range: { readonly from: string; readonly to: string } | undefined;
}

export interface SearchAsked extends SearchFilter {
  readonly workspaceId: string;
  readonly tsquery: string;
  readonly order: 'RELEVANCE' | 'NEWEST';
  readonly size: number;
  /** Of the row before the first one wanted: the end of the log when the list was begun, its rank, position and part. */
  readonly behind: readonly CursorPart[] | undefined;
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * The rows of one page and one more. Its list stands still while it is read: what is said after it was begun is not in it. The
 * workspace is asked for twice: of the index, and of the row (G2).
 */
export function searchStatement(asked: SearchAsked): Statement {
  const values: unknown[] = [];
  const put = (value: unknown) => `$${values.push(value)}`;
  const workspace = put(asked.workspaceId);
  const question = put(asked.tsquery);
  const places = [asked.workspaceId, ...(asked.runId === undefined ? [] : [asked.runId])];
  const within = put(places.map(placeLexeme).join(' & '));
  const [end, rank, position, part] = asked.behind ?? [];
  const conditions = [
    `s.workspace_id = ${workspace}`,
    `s.words @@ (${within}::tsquery && ${question}::tsquery)`,
    ...filterOf(asked, workspace, put),
  ];
  const isBehind = asked.behind !== undefined;
  if (isBehind) conditions.push(`s.position <= ${put(end)}`);
  const isRanked = asked.order === 'RELEVANCE';
  const ranked = isRanked ? `ts_rank_cd(f.words, ${question}::tsquery, 1)::float8` : '0::float8';
  if (isBehind && !isRanked) conditions.push(`(s.position, s.part) < (${put(position)}, ${put(part)})`);
  const place =
    isBehind && isRanked ? `WHERE (rank, position, part) < (${put(rank)}, ${put(position)}, ${put(part)})` : '';
  const most = isRanked ? MOST_RANKED : asked.size + 1;
  const text = `
    WITH fitting AS (
      SELECT s.position, s.part, s.words FROM search_texts s WHERE ${conditions.join(' AND ')}
      ORDER BY s.position DESC, s.part DESC LIMIT ${most}),
    placed AS (
      SELECT * FROM (SELECT f.position, f.part, ${ranked} AS rank FROM fitting f) AS r ${place}
      ORDER BY rank DESC, position DESC, part DESC LIMIT ${put(asked.size + 1)})
    SELECT s.run_id, s.position, s.part, s.kind, s.step, s.attempt, s.agent, s.entry_id, s.request_id, s.at, s.text, placed.rank,
      (SELECT e.seq FROM transcript_entries e
       WHERE e.workspace_id = s.workspace_id AND e.run_id = s.run_id AND e.entry_id = s.entry_id) AS seq
    FROM placed JOIN search_texts s ON s.workspace_id = ${workspace} AND s.position = placed.position AND s.part = placed.part
    ORDER BY placed.rank DESC, s.position DESC, s.part DESC`;
  return { text, values };
}

function filterOf(filter: SearchFilter, workspace: string, put: (value: unknown) => string): string[] {
  const { kinds, flow, runId, range } = filter;
  const conditions: string[] = [];
  if (kinds.length > 0) conditions.push(`s.kind = ANY (${put(kinds)}::text[])`);
  if (runId !== undefined) conditions.push(`s.run_id = ${put(runId)}`);
  if (range) conditions.push(`s.at >= ${put(range.from)} AND s.at < ${put(range.to)}`);
  if (flow !== undefined) {
    // A slug has no underscore, so that an id is told from it.
    const column = flow.startsWith('flow_') ? 'flow_id' : 'flow_slug';
    conditions.push(
      `s.run_id IN (SELECT r.run_id FROM runs r WHERE r.workspace_id = ${workspace} AND r.${column} = ${put(flow)})`,
    );
  }
  return conditions;
}
