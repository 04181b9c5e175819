import { AttemptInterrupted, InfoRecorded, SetupRecorded } from '@runledger/contracts';
import type { Clock } from '@runledger/platform';
import type { AttemptEntry, EndedData } from './attempt.decider.js';
import type { AttemptPlace } from './attempt-place.js';
import { headOf, storable } from './storable-text.js';

/** Deltas wait this long, or until this much has come together, before they are appended. */
const COALESCE_MS = 100;
const COALESCE_CHARS = 8_192;
/** Above this much unsaved text, whoever writes has to wait. */
const BACKLOG_CHARS = 262_144;
/** One piece of text in one event; JSON may make it six times as long, which still fits in an append. */
const PIECE_CHARS = 32_768;
const BATCH_CHARS = 65_536;
const BATCH_EVENTS = 500;

/** Where the entries of a transcript go, one batch after the other. Whatever it throws ends the writing. */
export interface TranscriptSink {
  /** `batch` names entries that were counted elsewhere: however often they are given, they are kept once (E1). */
  record(entries: readonly AttemptEntry[], batch?: string): Promise<void>;
  end(entries: readonly AttemptEntry[], data: EndedData): Promise<void>;
  /** What was recorded outlives the machine's next crash, where `record` alone does not promise it. */
  settle?(): Promise<void>;
  /** Nothing more is wanted. */
  close(): void;
}

export interface TranscriptOwner {
  readonly worker: string;
  readonly place: AttemptPlace;
  /** The first delta after a quiet while goes at once; left out: each waits. */
  readonly eager?: boolean;
}

/**
 * Writes one attempt's events in order. Deltas are coalesced. `lost` fires when the sink does not take them: there is a newer
 * owner (R3), or the store is out of order.
 */
export class Transcript {
  readonly #lost = new AbortController();
  #buffer: AttemptEntry[] = [];
  #chars = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #drainedAt = Number.NEGATIVE_INFINITY;
  #tail: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  constructor(
    private readonly sink: TranscriptSink,
    private readonly clock: Clock,
    private readonly owner: TranscriptOwner,
  ) {}

  /** Fires when nothing can be recorded any more: another owner, or a fault of the store. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get place(): AttemptPlace {
    return this.owner.place;
  }

  now(): string {
    return this.clock.now();
  }

  /** Adds an entry; it is stored soon, in order. */
  add(entry: AttemptEntry): void {
    const clean = storable(entry);
    const last = this.#buffer.at(-1);
    const joined = last && joinedWith(last, clean);
    if (joined) this.#buffer[this.#buffer.length - 1] = joined;
    else this.#buffer.push(clean);
    this.#chars += sizeOf(clean);
    if (this.#chars >= COALESCE_CHARS) this.#drain();
    else this.#timer ??= setTimeout(() => this.#drain(), this.#waitMs());
  }

  /** This worker leaves the attempt to the next one. */
  interrupted(reason: string): void {
    const { place, worker } = this.owner;
    this.add(AttemptInterrupted({ ...place, worker, reason, interruptedAt: this.now() }));
  }

  /** Adds a line for the reader; `key` is unique within the attempt. */
  note(type: 'SetupRecorded' | 'InfoRecorded', key: string, text: string): void {
    const data = { ...this.place, entryId: `${this.place.attemptId}/${key}`, text, at: this.now() };
    this.add(type === 'SetupRecorded' ? SetupRecorded(data) : InfoRecorded(data));
  }

  /** Adds text of any length in pieces that fit into events, and waits while too much is unsaved. */
  async addText(text: string, entryOf: (piece: string) => AttemptEntry): Promise<void> {
    let rest = text;
    while (rest.length > 0) {
      const piece = headOf(rest, PIECE_CHARS);
      this.add(entryOf(piece));
      rest = rest.slice(piece.length);
    }
    if (this.#chars > BACKLOG_CHARS) await this.flush();
  }

  /** Adds a batch that was coalesced and counted elsewhere. Resolves when it is stored; it may have been before (R1). */
  async relay(batch: string, entries: readonly AttemptEntry[]): Promise<void> {
    this.#drain();
    this.#enqueue(() => this.sink.record(entries, batch));
    await this.#tail;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when everything added so far is stored. */
  async flush(): Promise<void> {
    this.#drain();
    if (this.sink.settle) this.#enqueue(() => this.sink.settle?.() ?? Promise.resolve());
    await this.#tail;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Stores what is left and the attempt's end; the last entries and the end are one append. */
  async end(data: EndedData): Promise<void> {
    if (this.#chars > BATCH_CHARS || this.#buffer.length > BATCH_EVENTS) await this.flush();
    clearTimeout(this.#timer);
    const entries = this.#takeAll();
    this.#enqueue(() => this.sink.end(entries, storable(data)));
    await this.#tail;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives up what is not stored yet. */
  async abandon(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.sink.close();
    this.#buffer = [];
    this.#chars = 0;
    await this.#tail;
  }

  #waitMs(): number {
    if (!this.owner.eager) return COALESCE_MS;
    return Math.max(0, this.#drainedAt + COALESCE_MS - performance.now());
  }

  #drain(): void {
    this.#drainedAt = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#buffer.length > 0) {
      const entries = this.#takeBatch();
      this.#enqueue(() => this.sink.record(entries));
    }
  }

  #takeAll(): AttemptEntry[] {
    const entries = this.#buffer;
    this.#buffer = [];
    this.#chars = 0;
    return entries;
  }

  #takeBatch(): AttemptEntry[] {
    let chars = 0;
    let count = 0;
    for (const entry of this.#buffer) {
      const size = sizeOf(entry);
      if (count > 0 && (chars + size > BATCH_CHARS || count === BATCH_EVENTS)) break;
      chars += size;
      count += 1;
    }
    this.#chars = Math.max(0, this.#chars - chars);
    return this.#buffer.splice(0, count);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#failure !== undefined || this.#closed) return;
      try {
        await work();
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#lost.abort(this.#failure);
      }
    });
  }
}

function sizeOf(entry: AttemptEntry): number {
  switch (entry.type) {
    case 'AgentText':
    case 'AgentThinking':
    case 'ToolOutput':
      return entry.data.text.length;
    case 'ToolCallEnded':
      return entry.data.output.length;
    case 'ToolCallStarted':
    case 'ModelTurnEnded':
    case 'PermissionRequested':
    case 'QuestionAsked':
    case 'AnswerReceived':
      return JSON.stringify(entry.data).length;
    case 'SetupRecorded':
    case 'InfoRecorded':
    case 'ErrorRecorded':
    case 'UsageRecorded':
    case 'ArtifactStored':
    case 'CallAutoResolved':
    case 'AgentSessionOpened':
    case 'AttemptInterrupted':
    case 'WorkspaceSnapshotTaken':
    case 'WorkspaceSnapshotFailed':
      return 200;
  }
}

/** Two deltas of one entry as one, when they may still grow. */
function joinedWith(last: AttemptEntry, next: AttemptEntry): AttemptEntry | undefined {
  if (last.type === 'ToolOutput' && next.type === 'ToolOutput') {
    const same = last.data.callId === next.data.callId && last.data.channel === next.data.channel;
    if (!same || last.data.text.length + next.data.text.length > PIECE_CHARS) return undefined;
    return { ...last, data: { ...last.data, text: last.data.text + next.data.text } };
  }
  if ((last.type !== 'AgentText' && last.type !== 'AgentThinking') || last.type !== next.type) return undefined;
  const same = last.data.entryId === next.data.entryId;
  if (!same || last.data.text.length + next.data.text.length > PIECE_CHARS) return undefined;
  return { ...last, data: { ...last.data, text: last.data.text + next.data.text } };
}
