import { open, type FileHandle } from 'node:fs/promises';
import type { CallJournal, Channel, Delivery } from './call-journal.js';
import type { ExecRequest } from './sandbox-driver.js';

const CHUNK_BYTES = 65_536;
const CHANNELS: readonly Channel[] = ['stdout', 'stderr'];

/**
 * Hands a call's spool to its caller: in order, never more than one chunk in memory, and no further than the limit. What
 * the caller has not taken yet stays on disk. Order within a channel is exact; between the two it is that of arrival.
 */
export class OutputDelivery {
  readonly #journal: CallJournal;
  readonly #request: Pick<ExecRequest, 'onOutput'>;
  readonly #files: Readonly<Record<Channel, FileHandle>>;
  readonly #offsets: Record<Channel, number> = { stdout: 0, stderr: 0 };
  #room: number;

  private constructor(
    journal: CallJournal,
    request: Pick<ExecRequest, 'onOutput'>,
    files: Readonly<Record<Channel, FileHandle>>,
    limitBytes: number,
  ) {
    this.#journal = journal;
    this.#request = request;
    this.#files = files;
    this.#room = limitBytes;
  }

  static async open(
    journal: CallJournal,
    request: Pick<ExecRequest, 'onOutput'>,
    limitBytes: number,
  ): Promise<OutputDelivery> {
    const [stdout, stderr] = await Promise.all(CHANNELS.map(channel => open(journal.spool(channel), 'r')));
    if (!stdout || !stderr) throw new TypeError('A call has two channels.');
    return new OutputDelivery(journal, request, { stdout, stderr }, limitBytes);
  }

  /** Hands over everything that is spooled now and writes down in which order. */
  async deliverNew(): Promise<void> {
    for (let moved = true; moved;) {
      moved = false;
      for (const channel of CHANNELS) {
        const bytes = await this.#deliver(channel, CHUNK_BYTES);
        if (bytes > 0) this.#journal.delivered({ channel, bytes });
        moved ||= bytes > 0;
      }
    }
  }

  /** The recorded order first; then what was spooled, but not handed over, before a crash. */
  async replay(recorded: readonly Delivery[]): Promise<void> {
    for (const { channel, bytes } of recorded) await this.#deliver(channel, bytes);
    await this.deliverNew();
  }

  async close(): Promise<void> {
    await Promise.all(CHANNELS.map(channel => this.#files[channel].close()));
  }

  async #deliver(channel: Channel, most: number): Promise<number> {
    const wanted = Math.min(most, this.#room);
    if (wanted <= 0) return 0;
    const { bytesRead, buffer } = await this.#files[channel].read({
      buffer: Buffer.allocUnsafe(wanted),
      position: this.#offsets[channel],
    });
    if (bytesRead === 0) return 0;
    this.#offsets[channel] += bytesRead;
    this.#room -= bytesRead;
    const chunk = buffer.subarray(0, bytesRead);
    await this.#request.onOutput?.(channel, bytesRead < wanted / 2 ? Buffer.from(chunk) : chunk);
    return bytesRead;
  }
}
