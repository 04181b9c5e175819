import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/client';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { PassThrough } from 'node:stream';
import type { ExecRequest, Sandbox } from '../driver/sandbox-driver.js';

export interface ServerProgram {
  readonly callId: string;
  readonly argv: ExecRequest['argv'];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly onEgress: NonNullable<ExecRequest['onEgress']>;
}

/** Most of what a server says on its standard error that is kept for people. */
const COMPLAINT_CHARS = 2_000;

/** A stdio server that runs in the sandbox of the step: a call of its own, whose standard input stays open (S1). */
export class SandboxTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #input = new PassThrough();
  readonly #output = new ReadBuffer();
  readonly #stop = new AbortController();
  #over: Promise<void> = Promise.resolve();
  #complaint = '';

  constructor(
    private readonly sandbox: Sandbox,
    private readonly program: ServerProgram,
  ) {}

  /** What it said on its standard error, for people. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  start(): Promise<void> {
    this.#over = this.#run();
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    this.#input.write(serializeMessage(message));
    return Promise.resolve();
  }

  /** Resolves when no process of it is left. */
  async close(): Promise<void> {
    this.#input.end();
    this.#stop.abort('force');
    await this.#over;
  }

  async #run(): Promise<void> {
    try {
      await this.sandbox.exec({
        ...this.program,
        input: this.#input,
        loopback: 'shared',
        forget: true,
        signal: this.#stop.signal,
        onOutput: (channel, chunk) => this.#hear(channel, chunk),
      });
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
    this.onclose?.();
  }

  #hear(channel: 'stdout' | 'stderr', chunk: Buffer): void {
    if (channel === 'stderr') {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARS);
      return;
    }
    try {
      this.#output.append(chunk);
      for (let message = this.#output.readMessage(); message; message = this.#output.readMessage())
        this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
