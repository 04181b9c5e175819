import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { ExecResult } from './sandbox-driver.js';
import { parseStat, type ProcessIdentity, type RecordedInit } from './process-tree.js';

export type Channel = 'stdout' | 'stderr';
export type StopReason = Exclude<ExecResult['why'], 'exit'>;

/** How a call ended, as `exit.json` keeps it. */
export interface CallEnd {
  readonly why: ExecResult['why'];
  readonly exitCode: number;
  readonly durationMs: number;
}

/** One stretch of output as it was handed over. */
export interface Delivery {
  readonly channel: Channel;
  readonly bytes: number;
}

/** 128 + SIGKILL. */
export const KILLED = 137;

/**
 * What is known of one call, on disk: `stdout` and `stderr` (spooled by the supervisor), `order` (how they were handed
 * over), `status` (bwrap's own words), `stop` (why the service stopped it), `ended` (the supervisor's last act) and
 * `exit.json`, which makes the call final. The facts before `exit.json` are enough to write it after a crash (R2).
 */
export class CallJournal {
  readonly name: string;
  readonly path: string;

  constructor(journalDir: string, callId: string, name = nameOf(callId)) {
    this.name = name;
    this.path = `${journalDir}/${name}`;
  }

  /** Every call that a sandbox has on record. */
  static all(journalDir: string): CallJournal[] {
    return existsSync(journalDir) ? readdirSync(journalDir).map(name => new CallJournal(journalDir, '', name)) : [];
  }

  begin(callId: string): void {
    rmSync(this.path, { recursive: true, force: true });
    mkdirSync(this.path, { mode: 0o700 });
    this.#write('call.json', JSON.stringify({ callId, startedAt: Date.now() }));
    for (const spool of ['stdout', 'stderr']) this.#write(spool, '');
  }

  /** False when the sandbox was moved to another worker, or removed. */
  get isThere(): boolean {
    return existsSync(this.path);
  }

  end(): CallEnd | undefined {
    const text = this.#read('exit.json');
    return text === undefined ? undefined : (JSON.parse(text) as CallEnd);
  }

  finish(end: CallEnd): void {
    this.#write('exit.json.tmp', JSON.stringify(end));
    renameSync(`${this.path}/exit.json.tmp`, `${this.path}/exit.json`);
  }

  /** Set down before the kill, so that a crash in between does not turn a time-out into a plain exit. The first wins. */
  stop(why: StopReason): void {
    if (this.stopped() === undefined) this.#write('stop', why);
  }

  stopped(): StopReason | undefined {
    return this.#read('stop') as StopReason | undefined;
  }

  delivered({ channel, bytes }: Delivery): void {
    appendFileSync(`${this.path}/order`, `${channel} ${bytes}\n`);
  }

  deliveries(): Delivery[] {
    return (this.#read('order') ?? '').split('\n').flatMap(line => {
      const [channel, bytes] = line.split(' ');
      return (channel === 'stdout' || channel === 'stderr') && bytes ? [{ channel, bytes: Number(bytes) }] : [];
    });
  }

  spooledBytes(): number {
    return statSync(`${this.path}/stdout`).size + statSync(`${this.path}/stderr`).size;
  }

  spool(channel: Channel): string {
    return `${this.path}/${channel}`;
  }

  /** The supervisor's last act: nothing of the tree is left and every byte is spooled. */
  get supervisorEnded(): boolean {
    return existsSync(`${this.path}/ended`);
  }

  /** The init of the call's pid namespace, once it runs. */
  init(): RecordedInit | undefined {
    const [pid, namespace] = [this.#statusNumber('child-pid'), this.#statusNumber('pid-namespace')];
    return pid === undefined || namespace === undefined ? undefined : { pid, namespace };
  }

  exitCode(): number | undefined {
    return this.#statusNumber('exit-code');
  }

  supervisor(): ProcessIdentity | undefined {
    return parseStat(this.#read('owner') ?? '');
  }

  /** Of a call that ended while nobody watched. */
  elapsedMs(): number {
    const { startedAt } = JSON.parse(this.#read('call.json') ?? '{}') as { startedAt?: number };
    return startedAt === undefined ? 0 : Math.max(0, Math.round(statSync(`${this.path}/ended`).mtimeMs - startedAt));
  }

  /** Of a call that left no exit code: whether its program had begun. A launcher that cannot begin it says so under its own name. */
  get hasBegun(): boolean {
    const said = statSync(this.spool('stdout'), { throwIfNoEntry: false })?.size ?? 0;
    return said > 0 || (this.init() !== undefined && !/^bwrap: /m.test(this.#read('stderr') ?? ''));
  }

  /** What the launcher said when it could not start the program. */
  complaint(): string {
    return this.#read('stderr')?.trim().slice(0, 2_000) || 'its launcher was killed';
  }

  statusPath(): string {
    return `${this.path}/status`;
  }

  forget(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #statusNumber(key: string): number | undefined {
    const found = new RegExp(`"${key}": (\\d+)`).exec(this.#read('status') ?? '');
    return found ? Number(found[1]) : undefined;
  }

  #write(name: string, text: string): void {
    writeFileSync(`${this.path}/${name}`, text, { mode: 0o600 });
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(`${this.path}/${name}`, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** Fit for a directory, whatever the id holds. */
function nameOf(callId: string): string {
  return createHash('sha256').update(callId).digest('hex').slice(0, 40);
}

/** What the facts of a call say about its end; undefined when it neither ended by itself nor was stopped by us. */
export function endOf(facts: {
  readonly stopped: StopReason | undefined;
  readonly exitCode: number | undefined;
  readonly oomKills: number;
  readonly overLimit: boolean;
}): Omit<CallEnd, 'durationMs'> | undefined {
  const exitCode = facts.exitCode ?? KILLED;
  if (facts.stopped) return { why: facts.stopped, exitCode };
  if (facts.overLimit) return { why: 'output-limit', exitCode };
  if (facts.oomKills > 0 && exitCode !== 0) return { why: 'oom', exitCode };
  return facts.exitCode === undefined ? undefined : { why: 'exit', exitCode };
}
