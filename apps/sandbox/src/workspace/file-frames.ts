import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { Fault } from '@runledger/kernel';

/** What came out of the sandbox is not what the collection program writes: someone tampered with it. */
export class BrokenFramesError extends Fault {
  constructor(reason: string) {
    super('BROKEN_COLLECTION', `The files of the workspace could not be collected: ${reason}.`);
  }
}

export interface CollectedFile {
  /** Relative to the workspace, without `..`. */
  readonly path: string;
  readonly bytes: number;
  readonly content: Readable;
}

export interface FrameLimits {
  readonly files: number;
  readonly fileBytes: number;
}

const MAX_HEADER_BYTES = 8_192;

/** Takes the bytes of the collection program apart into files again. Trusts nothing that it reads (S1). */
export class FileFrames {
  #header = Buffer.alloc(0);
  #left = 0;
  #content: PassThrough | undefined;
  #kept: Promise<void> | undefined;
  #files = 0;

  /** `keep` is called for each file in turn and must read its content to the end. */
  constructor(
    private readonly limits: FrameLimits,
    private readonly keep: (file: CollectedFile) => Promise<void>,
  ) {}

  async push(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) rest = this.#content ? await this.#body(this.#content, rest) : await this.#head(rest);
  }

  /** Throws {@link BrokenFramesError} when a file is not complete. */
  end(): void {
    if (this.#content || this.#header.length > 0) {
      this.abort(new BrokenFramesError('the last file is incomplete'));
      throw new BrokenFramesError('the last file is incomplete');
    }
  }

  /** Lets go of a file that is half read. */
  abort(reason: Error): void {
    this.#content?.destroy(reason);
    this.#content = undefined;
  }

  async #head(chunk: Buffer): Promise<Buffer> {
    const end = chunk.indexOf(0x0a);
    this.#header = Buffer.concat([this.#header, end < 0 ? chunk : chunk.subarray(0, end)]);
    if (this.#header.length > MAX_HEADER_BYTES) throw new BrokenFramesError('a header is too long');
    if (end < 0) return Buffer.alloc(0);
    const { path, bytes } = this.#parsed(this.#header.toString('utf8'));
    this.#header = Buffer.alloc(0);
    this.#begin(path, bytes);
    if (bytes === 0) await this.#finish();
    return chunk.subarray(end + 1);
  }

  #begin(path: string, bytes: number): void {
    const content = new PassThrough();
    this.#content = content;
    this.#left = bytes;
    this.#kept = this.keep({ path, bytes, content });
    // Its failure is reported by #finish or #body, whichever comes first; until then it must not count as unhandled.
    this.#kept.catch(() => undefined);
  }

  async #body(content: PassThrough, chunk: Buffer): Promise<Buffer> {
    const own = chunk.subarray(0, this.#left);
    this.#left -= own.length;
    if (!content.write(own)) {
      await Promise.race([new Promise(resolve => content.once('drain', resolve)), this.#kept]);
    }
    if (this.#left === 0) await this.#finish();
    return chunk.subarray(own.length);
  }

  async #finish(): Promise<void> {
    this.#content?.end();
    this.#content = undefined;
    await this.#kept;
  }

  #parsed(header: string): { path: string; bytes: number } {
    const { path, bytes } = parseHeader(header);
    if (path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
      throw new BrokenFramesError(`${JSON.stringify(path)} does not lie in the workspace`);
    }
    this.#files += 1;
    if (this.#files > this.limits.files) throw new BrokenFramesError(`more than ${this.limits.files} files match`);
    if (bytes > this.limits.fileBytes) {
      throw new BrokenFramesError(`${path} has ${bytes} bytes, more than the ${this.limits.fileBytes} allowed`);
    }
    return { path, bytes };
  }
}

function parseHeader(header: string): { path: string; bytes: number } {
  try {
    const { path, bytes } = JSON.parse(header) as { path: unknown; bytes: unknown };
    if (typeof path === 'string' && path !== '' && Number.isSafeInteger(bytes) && (bytes as number) >= 0) {
      return { path, bytes: bytes as number };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new BrokenFramesError('a header makes no sense');
}
