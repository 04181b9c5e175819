import { StringDecoder } from 'node:string_decoder';
import { AwaitedNews } from './awaited-news.js';
import { EgressNotes } from '../attempt/egress-notes.js';
import type { StepRun } from '../attempt/step-run.js';
import { tailOf } from '../attempt/storable-text.js';
import type { ExecRequest, ExecResult } from '../driver/sandbox-driver.js';

/** Most of what a process wrote that is kept for an agent who has not read it yet. */
const UNREAD_CHARS = 131_072;
/** Most that may run at a time. */
export const MOST_PROCESSES = 16;

interface BackgroundProcess {
  readonly stop: AbortController;
  readonly over: Promise<void>;
  readonly news: AwaitedNews;
  unread: string;
  /** Characters that nobody read in time. */
  lost: number;
  end: string | undefined;
}

/** What a process wrote since it was last read, and how it stands, in words for the agent. */
export interface ProcessNews {
  readonly text: string;
  readonly runs: boolean;
}

export interface BackgroundStart {
  readonly id: string;
  readonly command: string;
  readonly timeoutMs: number;
}

/**
 * The background commands of one agent. Each is a call of the step's sandbox that nobody waits for. They end with the agent,
 * also where it only leaves to wait for people: a waiting agent holds no compute.
 */
export class BackgroundProcesses {
  readonly #processes = new Map<string, BackgroundProcess>();

  constructor(private readonly run: StepRun) {}

  get full(): boolean {
    return [...this.#processes.values()].filter(({ end }) => end === undefined).length >= MOST_PROCESSES;
  }

  start({ id, command, timeoutMs }: BackgroundStart): void {
    const stop = new AbortController();
    const news = new AwaitedNews();
    const egress = new EgressNotes(this.run, id);
    const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
    const request: ExecRequest = {
      callId: `${id}.background`,
      argv: ['bash', '-c', command],
      timeoutMs,
      signal: AbortSignal.any([stop.signal, this.run.stop.signal]),
      forget: true,
      loopback: 'shared',
      onEgress: asked => egress.take(asked),
      onOutput: (channel, chunk) => keep(started, decoders[channel].write(chunk)),
    };
    const started: BackgroundProcess = {
      ...{ stop, news, unread: '', lost: 0, end: undefined },
      over: Promise.resolve().then(() => this.#run(request, started)),
    };
    this.#processes.set(id, started);
  }

  /** Undefined: nothing of this id was started here. Waits until there is something to tell, at most `waitMs`. */
  async read(id: string, waitMs: number): Promise<ProcessNews | undefined> {
    const found = this.#processes.get(id);
    if (!found) return undefined;
    if (found.unread === '' && found.end === undefined && waitMs > 0)
      await found.news.within(waitMs, this.run.stop.signal);
    return told(found);
  }

  async stop(id: string): Promise<ProcessNews | undefined> {
    const found = this.#processes.get(id);
    if (!found) return undefined;
    found.stop.abort('graceful');
    await found.over;
    return told(found);
  }

  /** Resolves when none is left. */
  async close(): Promise<void> {
    const all = [...this.#processes.values()];
    for (const { stop } of all) stop.abort('force');
    await Promise.all(all.map(({ over }) => over));
  }

  async #run(request: ExecRequest, started: BackgroundProcess): Promise<void> {
    try {
      started.end = endOf(await this.run.sandbox.exec(request));
    } catch (error) {
      started.end = `It could not go on: ${error instanceof Error ? error.message : String(error)}`;
    }
    started.news.tell();
  }
}

function keep(process: BackgroundProcess, text: string): void {
  if (text === '') return; // the first bytes of a character
  const all = process.unread + text;
  process.unread = tailOf(all, UNREAD_CHARS);
  process.lost += all.length - process.unread.length;
  process.news.tell();
}

function told(process: BackgroundProcess): ProcessNews {
  const { unread, lost, end } = process;
  process.unread = '';
  process.lost = 0;
  const missing = lost === 0 ? '' : `[${lost} characters before this were not read in time]\n`;
  const wrote = unread === '' || unread.endsWith('\n') ? unread : `${unread}\n`;
  return { text: `${missing}${wrote}[${end ?? 'It runs.'}]`, runs: end === undefined };
}

function endOf({ why, exitCode }: ExecResult): string {
  switch (why) {
    case 'exit':
      return `It ended with exit code ${exitCode}.`;
    case 'cancelled':
      return 'It was stopped.';
    case 'timeout':
      return 'It was stopped: its time was over.';
    case 'oom':
      return 'It was stopped: it needed more memory than the sandbox profile allows.';
    case 'output-limit':
      return 'It was stopped: it wrote more than the sandbox profile allows.';
  }
}
