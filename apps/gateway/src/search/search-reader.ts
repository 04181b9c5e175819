import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { connectionOf, type Connection } from '../graph/connection.js';
import { RequestError } from '../graph/request-errors.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { TranscriptReader } from '../transcript/transcript-reader.js';
import { questionOf } from './question.js';
import { searchStatement, type SearchAsked, type SearchFilter } from './search-statement.js';
import type { SearchKind } from './searched-texts.js';
import { snippetOf } from './snippet.js';

/** One search never keeps the database longer. */
const PATIENCE_MS = 5_000;
const CANCELED = '57014';

export interface SearchPage extends SearchFilter {
  readonly query: string;
  readonly order: SearchAsked['order'];
  readonly size: number;
  readonly after: string | undefined;
}

interface FoundRow {
  readonly run_id: string;
  /** Decimal. */
  readonly position: string;
  readonly part: number;
  readonly kind: SearchKind;
  readonly step: string | null;
  readonly attempt: number | null;
  readonly agent: string | null;
  readonly entry_id: string | null;
  readonly request_id: string | null;
  readonly at: Date;
  readonly text: string;
  readonly rank: number;
  /** Place of its entry in the transcript, decimal. */
  readonly seq: string | null;
}

export type SearchHit = Awaited<ReturnType<SearchReader['page']>>['nodes'][number];

/** Looks through what was said in the runs of one workspace. */
@Injectable()
export class SearchReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
    @Inject(TranscriptReader) private readonly transcripts: TranscriptReader,
  ) {}

  async page(workspaceId: string, asked: SearchPage) {
    const { query, order, size, after, ...filter } = asked;
    const { tsquery, terms } = questionOf(query);
    const list = ['search', workspaceId, tsquery, order, filter];
    const behind = after === undefined ? undefined : this.signer.open(list, after);
    const end = behind?.[0] ?? (await this.#end(workspaceId));
    const found = await this.#found({ ...filter, workspaceId, tsquery, order, size, behind });
    const place = (row: FoundRow) => [end, row.rank, row.position, row.part];
    return connectionOf(found, {
      ...{ size, cursor: after, list, signer: this.signer, place },
      node: (row: FoundRow) => ({
        ...{ runId: row.run_id, kind: row.kind, at: row.at.toISOString(), step: row.step, attempt: row.attempt },
        ...{ agent: row.agent, entryId: row.entry_id, requestId: row.request_id, position: row.position },
        transcriptAfter: row.seq === null ? null : this.transcripts.cursorBefore(workspaceId, row.run_id, row.seq),
        ...snippetOf(row.text, terms),
      }),
    }) satisfies Connection<object>;
  }

  /** Where the list ends that is begun now. */
  async #end(workspaceId: string): Promise<string> {
    const [last] = await this.rows.query<{ position: string }[]>(
      'SELECT position FROM search_texts WHERE workspace_id = $1 ORDER BY position DESC LIMIT 1',
      [workspaceId],
    );
    return last?.position ?? '0';
  }

  async #found(asked: SearchAsked): Promise<readonly FoundRow[]> {
    const { text, values } = searchStatement(asked);
    try {
      return await this.rows.transaction(async manager => {
        await manager.query(`SET LOCAL statement_timeout = ${PATIENCE_MS}`);
        return manager.query<FoundRow[]>(text, [...values]);
      });
    } catch (error) {
      if ((error as { driverError?: { code?: string } }).driverError?.code !== CANCELED) throw error;
      const message = `Too much fits: it could not be looked through within ${PATIENCE_MS / 1_000} s.`;
      const fix = 'Add a word, or look in one run, one flow or a shorter time.';
      throw new RequestError('BAD_USER_INPUT', message, fix, { cause: error });
    }
  }
}
