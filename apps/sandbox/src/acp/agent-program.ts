import { ndJsonStream } from '@agentclientprotocol/sdk';
import type { Stream } from '@agentclientprotocol/sdk';
import { PassThrough, Writable } from 'node:stream';
import { EgressNotes } from '../attempt/egress-notes.js';
import type { StepRun } from '../attempt/step-run.js';
import type { ExecRequest, ExecResult } from '../driver/sandbox-driver.js';
import { CallNotStartedError } from '../driver/sandbox-faults.js';
import type { ProgramAccess } from './program-access.js';
import type { ProgramEnd } from './program-faults.js';

/** What it says goes to the disk of the service before it is heard; all of it together is at most this. */
const MOST_SAID_BYTES = 268_435_456;
const COMPLAINT_CHARS = 2_000;

/**
 * A command-line agent at work: a call of its own in the sandbox, whose standard input stays open (S1). It leaves nothing in the
 * journal, because nobody plays a conversation back: the next owner of the attempt starts it again.
 */
export class AgentProgram {
  readonly stream: Stream;
  /** Resolves when no process of it is left. */
  readonly ended: Promise<ProgramEnd>;
  readonly #input = new PassThrough();
  readonly #stop = new AbortController();
  readonly #heard = new TransformStream<Uint8Array, Uint8Array>();
  readonly #mouth = this.#heard.writable.getWriter();
  #complaint = '';

  /** `env`: in addition to that of the access. */
  constructor(
    private readonly run: StepRun,
    access: ProgramAccess,
    started: { readonly callId: string; readonly env: Readonly<Record<string, string>> },
  ) {
    this.stream = ndJsonStream(Writable.toWeb(this.#input) as WritableStream<Uint8Array>, this.#heard.readable);
    this.#mouth.closed.catch(() => undefined); // nobody listens any more
    if (access.login) this.#input.write(access.login.content);
    this.ended = this.#work({
      callId: started.callId,
      argv: argvOf(access),
      env: { ...access.env, ...started.env },
    });
    this.ended.catch(() => undefined); // whoever waits for it hears of it
  }

  get complaint(): string {
    return this.#complaint.trim();
  }

  async close(): Promise<void> {
    this.#stop.abort('force');
    await this.ended;
    this.#input.destroy();
  }

  async #work(started: Pick<ExecRequest, 'callId' | 'argv' | 'env'>): Promise<ProgramEnd> {
    const egress = new EgressNotes(this.run, started.callId);
    const result = await this.#exec({
      ...started,
      input: this.#input,
      forget: true,
      outputBytes: MOST_SAID_BYTES,
      timeoutMs: this.run.remainingMs(),
      signal: this.#stop.signal,
      onOutput: (channel, chunk) => this.#hear(channel, chunk),
      onEgress: asked => egress.take(asked),
    });
    egress.end();
    await this.#mouth.close().catch(() => undefined); // whoever listened has closed it
    return { result, complaint: this.complaint };
  }

  async #exec(request: ExecRequest): Promise<ProgramEnd['result']> {
    try {
      return await this.run.sandbox.exec(request);
    } catch (error) {
      if (!(error instanceof CallNotStartedError)) throw error;
      this.#complaint += error.message;
      return { ...NOT_STARTED, notStarted: true };
    }
  }

  /** Resolves when it was read: a program that says too much at once has to wait. */
  async #hear(channel: 'stdout' | 'stderr', chunk: Buffer): Promise<void> {
    if (channel === 'stderr') {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARS);
      return;
    }
    await this.#mouth.write(chunk).catch(() => undefined); // nobody listens any more
  }
}

const NOT_STARTED: ExecResult = { why: 'exit', exitCode: 127, durationMs: 0, replayed: false };

/**
 * Puts what it reads first into the private memory of the call's own `/tmp`, and a link to it where the program looks for it:
 * the file itself is neither on a disk nor there for other calls.
 */
const WITH_LOGIN =
  'umask 077; at="$HOME/$1"; mkdir -p "${at%/*}" && kept=$(mktemp -d)/login && head -c "$2" >"$kept" && ' +
  'ln -sfn "$kept" "$at" && shift 2 && exec "$@"';

function argvOf({ argv, login }: ProgramAccess): ExecRequest['argv'] {
  if (!login) return argv;
  return ['sh', '-c', WITH_LOGIN, 'with-login', login.path, String(Buffer.byteLength(login.content)), ...argv];
}
