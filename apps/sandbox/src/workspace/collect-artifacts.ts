import { Fault } from '@runledger/kernel';
import { randomUUID } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { once } from 'node:events';
import type { Sandbox } from '../driver/sandbox-driver.js';
import { collectorProgram, MOST_SKIPPED } from './collector-program.js';

export interface CollectLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  /** Of all files together. */
  readonly maxTotalBytes: number;
  readonly timeoutMs: number;
}

const DEFAULT_COLLECT_LIMITS: CollectLimits = {
  maxFiles: 1_000,
  maxFileBytes: 268_435_456,
  maxTotalBytes: 1_073_741_824,
  timeoutMs: 300_000,
};

export interface CollectedFile {
  /** Relative to the workspace, without `.` or `..`. */
  readonly path: string;
  readonly isExecutable: boolean;
  /** Must be read to its end. */
  readonly content: Readable;
}

/** A file that matched and was not kept. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface CollectRequest {
  /** Relative to the workspace; one that matches a directory stands for every file below it. */
  readonly globs: readonly string[];
  readonly limits?: Partial<CollectLimits>;
  readonly signal?: AbortSignal;
  /** Called for one file after the other; the next is not read before the promise resolves. */
  keep(file: CollectedFile): Promise<void>;
}

/** The collection broke off; files that `keep` had taken before are complete. */
export class CollectError extends Fault {
  constructor(reason: string, cause?: unknown) {
    super('ARTIFACTS_NOT_COLLECTED', `The artifacts could not be read from the workspace: ${reason}.`, { cause });
  }
}

const FRAME_OVERHEAD = 2;

/**
 * Hands over the regular files of the workspace that match, streamed out of a sandbox that can only read it: a link leads
 * nowhere, a name cannot climb (S1). Call it when the step's processes are gone. `.git` directories are left out.
 */
export async function collectArtifacts(sandbox: Sandbox, request: CollectRequest): Promise<readonly SkippedFile[]> {
  if (request.globs.length === 0) return [];
  const limits = { ...DEFAULT_COLLECT_LIMITS, ...request.limits };
  const frames = new FrameReader(request.keep.bind(request), limits);
  let complaint = '';
  const result = await sandbox
    .exec({
      callId: `collect.${randomUUID()}`,
      argv: ['node', '--input-type=commonjs', '-e', collectorProgram, settingsOf(sandbox, request.globs, limits)],
      timeoutMs: limits.timeoutMs,
      workspace: 'ro',
      forget: true,
      outputBytes: limits.maxTotalBytes * FRAME_OVERHEAD,
      ...(request.signal && { signal: request.signal }),
      onOutput: async (channel, chunk) => {
        if (channel === 'stdout') await frames.take(chunk);
        else complaint = (complaint + chunk.toString()).slice(-1_000);
      },
    })
    .finally(() => frames.close());
  if (result.why !== 'exit' || result.exitCode !== 0) {
    throw new CollectError(result.why === 'exit' ? complaint.trim() || `exit ${result.exitCode}` : result.why);
  }
  return frames.skipped;
}

function settingsOf(sandbox: Sandbox, globs: readonly string[], limits: CollectLimits): string {
  const plain = globs
    .map(glob => glob.replace(/^(\.\/+)+/, '').replace(/\/+$/, ''))
    .map(glob => (glob === '.' ? '**' : glob));
  return JSON.stringify({ root: sandbox.workspacePath, globs: plain, ...limits });
}

interface OpenFile {
  readonly content: PassThrough;
  readonly kept: Promise<void>;
}

const HEADER_BYTES = 5;
const LARGEST_FRAME = 1_048_576;

/** Reads the collector's frames and believes none of them: paths and sums are checked on this side, too. */
class FrameReader {
  readonly skipped: SkippedFile[] = [];
  readonly #keep: (file: CollectedFile) => Promise<void>;
  readonly #limits: CollectLimits;
  #pending = Buffer.alloc(0);
  #open: OpenFile | undefined;
  #totalBytes = 0;

  constructor(keep: (file: CollectedFile) => Promise<void>, limits: CollectLimits) {
    this.#keep = keep;
    this.#limits = limits;
  }

  async take(chunk: Buffer): Promise<void> {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= HEADER_BYTES) {
      const length = this.#pending.readUInt32BE(0);
      if (length > LARGEST_FRAME) throw new CollectError('a frame is too large');
      if (this.#pending.length < HEADER_BYTES + length) return;
      const kind = String.fromCharCode(this.#pending.readUInt8(4));
      const payload = this.#pending.subarray(HEADER_BYTES, HEADER_BYTES + length);
      this.#pending = this.#pending.subarray(HEADER_BYTES + length);
      await this.#frame(kind, payload);
    }
  }

  /** A file that is still open then is not complete: whoever reads it gets an error instead of an end. */
  close(): void {
    this.#open?.content.destroy(new CollectError('it broke off within a file'));
  }

  async #frame(kind: string, payload: Buffer): Promise<void> {
    switch (kind) {
      case 'F':
        return this.#begin(payload.toString(), false);
      case 'X':
        return this.#begin(payload.toString(), true);
      case 'D':
        return this.#data(payload);
      case 'E':
        return this.#end();
      case 'S':
        if (this.skipped.length > MOST_SKIPPED) throw new CollectError('more is left out than can be told');
        this.skipped.push(JSON.parse(payload.toString()) as SkippedFile);
        return;
      default:
        throw new CollectError(`a frame of kind ${JSON.stringify(kind)} is not known`);
    }
  }

  #begin(path: string, isExecutable: boolean): void {
    const parts = path.split('/');
    if (path.includes('\0') || parts.some(part => part === '' || part === '.' || part === '..')) {
      throw new CollectError(`the path ${JSON.stringify(path)} leads out of the workspace`);
    }
    const content = new PassThrough();
    const kept = this.#keep({ path, isExecutable, content });
    kept.catch((error: unknown) => content.destroy(error instanceof Error ? error : new Error(String(error))));
    kept.then(
      () => content.resume(),
      () => undefined,
    ); // whatever a keeper left unread must not hold up the rest
    content.on('error', () => undefined); // the keeper hears of it through its own reading, we through `kept`
    this.#open = { content, kept };
  }

  async #data(bytes: Buffer): Promise<void> {
    if (!this.#open) throw new CollectError('bytes came outside a file');
    this.#totalBytes += bytes.length;
    if (this.#totalBytes > this.#limits.maxTotalBytes) {
      throw new CollectError(`they are larger than ${this.#limits.maxTotalBytes} bytes together`);
    }
    const { content, kept } = this.#open;
    if (!content.write(Buffer.from(bytes))) await Promise.race([once(content, 'drain'), kept]);
  }

  async #end(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    open?.content.end();
    await open?.kept;
  }
}
