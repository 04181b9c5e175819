import { Inject, Injectable } from '@nestjs/common';
import type { Position } from '@runledger/event-store';
import { DataSource } from 'typeorm';
import { connectionBackwards, connectionOf, type Connection, type PageAsked } from '../graph/connection.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { TranscriptEntryRow } from './transcript.entity.js';
import type { TranscriptEntry } from './transcript-entries.js';

export interface TranscriptAsked extends PageAsked {
  readonly step: string | undefined;
  readonly attempt: number | undefined;
  /** As the transcript was when the log had grown up to there; left out: as it is. */
  readonly asOf?: Position;
}

/** Beyond any position of a log. */
const LAST: Position = 2n ** 63n - 1n;

/** Most characters of one entry in a page: of longer ones the end is shown. */
const MAX_TEXT = 65_536;

/** Most pieces that its end is made of: however long an agent talks, reading a page takes no longer. */
const MAX_PIECES = 8_192;

const PIECES = `
  SELECT wanted.entry_id, shown.text
  FROM unnest($3::text[]) AS wanted (entry_id)
  CROSS JOIN LATERAL (
    SELECT string_agg(text, '' ORDER BY position) AS text
    FROM (
      SELECT position, text, sum(length(text)) OVER (ORDER BY position DESC) - length(text) AS behind
      FROM (
        SELECT position, text FROM transcript_pieces
        WHERE workspace_id = $1 AND run_id = $2 AND entry_id = wanted.entry_id AND position <= $4
        ORDER BY position DESC LIMIT ${MAX_PIECES}) AS last) AS pieces
    WHERE behind < ${MAX_TEXT}) AS shown`;

interface Moment {
  readonly workspaceId: string;
  readonly runId: string;
  readonly asOf: Position;
}

/** Reads transcripts page by page. */
@Injectable()
export class TranscriptReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  async page(workspaceId: string, runId: string, asked: TranscriptAsked): Promise<Connection<TranscriptEntry>> {
    const { step, attempt, size, cursor, backwards, asOf = LAST } = asked;
    const list = listOf(workspaceId, runId, step, attempt);
    const query = this.rows
      .getRepository(TranscriptEntryRow)
      .createQueryBuilder('e')
      .where('e.workspaceId = :workspaceId AND e.runId = :runId', { workspaceId, runId });
    if (asOf < LAST) query.andWhere('e.seq <= :asOf', { asOf: asOf.toString() });
    if (step !== undefined) query.andWhere('e.step = :step', { step });
    if (attempt !== undefined) query.andWhere('e.attempt = :attempt', { attempt });
    if (cursor !== undefined) {
      const [seq] = this.signer.open(list, cursor);
      query.andWhere(backwards ? 'e.seq < :seq' : 'e.seq > :seq', { seq });
    }
    const found = await query
      .orderBy('e.seq', backwards ? 'DESC' : 'ASC')
      .limit(size + 1)
      .getMany();
    const texts = await this.#texts({ workspaceId, runId, asOf }, found.slice(0, size));
    const page = {
      ...{ size, cursor, list, signer: this.signer },
      place: (row: TranscriptEntryRow) => [row.seq],
      node: (row: TranscriptEntryRow) => joined(row, texts.get(row.entryId) ?? '', asOf),
    };
    return backwards ? connectionBackwards(found, page) : connectionOf(found, page);
  }

  /** A cursor of a run's whole transcript: the page behind it begins with the entry at `seq`. */
  cursorBefore(workspaceId: string, runId: string, seq: string): string {
    return this.signer.seal(listOf(workspaceId, runId), [(BigInt(seq) - 1n).toString()]);
  }

  async #texts(
    { workspaceId, runId, asOf }: Moment,
    rows: readonly TranscriptEntryRow[],
  ): Promise<Map<string, string>> {
    const ids = rows.map(row => row.entryId);
    const parameters = [workspaceId, runId, ids, asOf.toString()];
    const found = await this.rows.query<{ entry_id: string; text: string | null }[]>(PIECES, parameters);
    return new Map(found.map(({ entry_id, text }) => [entry_id, (text ?? '').slice(-MAX_TEXT)]));
  }
}

function listOf(workspaceId: string, runId: string, step?: string, attempt?: number): readonly unknown[] {
  return ['transcript', workspaceId, runId, step, attempt];
}

function joined({ entry, ending, endedAt }: TranscriptEntryRow, text: string, asOf: Position): TranscriptEntry {
  switch (entry.__typename) {
    case 'TextEntry':
    case 'ThinkingEntry':
    case 'SetupEntry':
    case 'InfoEntry':
      return { ...entry, text };
    case 'ToolEntry':
      return { ...entry, streamed: text, ...(endedAt !== null && BigInt(endedAt) <= asOf && ending) };
    case 'ErrorEntry':
      return entry;
  }
}
