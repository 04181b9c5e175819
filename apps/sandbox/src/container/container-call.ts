import { appendFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { CallTree, TreeSettings } from '../driver/call-tree.js';
import { openFilesLimit } from '../driver/find-program.js';
import { CallCutOffError } from './container-faults.js';
import { saidBy } from './container-output.js';
import type { Container, ContainerProcess } from './container-port.js';
import { CALL, REPORT, STOP } from './container-scripts.js';

const BLOCK_BYTES = 512;
/** A machine may be busy; whoever kills more than the call takes from others, and whoever removes the container from the run. */
const PATIENCE_MS = 5_000;
const LAST_PATIENCE_MS = 15_000;

export interface CallProgram {
  readonly env: Readonly<Record<string, string>>;
  /** Largest file that the call can write. */
  readonly fileBytes: number;
  /** Names of calls in this container that are over and on record. */
  readonly old: readonly string[];
}

/** A call whose processes run in a container. Where it cannot be killed alone, everything in the container is killed with it. */
export class ContainerCall implements CallTree {
  readonly exited: Promise<void>;
  readonly #container: Container;
  readonly #settings: TreeSettings;
  #process: ContainerProcess | undefined;
  #isOver = false;
  #letGo = false;
  #oomKills = 0;
  #striking: Promise<void> | undefined;
  /** Aborted when nobody listens any more, so that only an order that was carried out tells of the end. */
  readonly #unheard = new AbortController();

  constructor(container: Container, program: CallProgram, settings: TreeSettings) {
    this.#container = container;
    this.#settings = settings;
    this.exited = this.#run(program).finally(() => (this.#isOver = true));
  }

  terminate(): void {
    void this.#order('TERM');
  }

  kill(): void {
    void this.#struck();
  }

  abandon(): void {
    if (this.#isOver || this.#letGo) return;
    this.#letGo = true;
    this.#process?.stdin.end();
    void this.#struck();
  }

  oomKills(): number {
    return this.#oomKills;
  }

  async #run(program: CallProgram): Promise<void> {
    const { journal, maxBytes } = this.#settings;
    const process = await this.#container.start({ argv: this.#argv(program), env: program.env });
    this.#process = process;
    this.#feed(process);
    if (this.#letGo) process.stdin.end();
    const flooded = (): void => process.close(); // nobody can be made to read all of it
    const heard = await Promise.all([
      spool(process.stdout, journal.spool('stdout'), { maxBytes, flooded }),
      spool(process.stderr, journal.spool('stderr'), { maxBytes, flooded }),
    ]);
    if (heard.includes('flood')) return this.#flooded();
    const exitCode = await process.exitCode();
    process.close();
    if (this.#letGo) return;
    if (exitCode === undefined) return this.#cutOff();
    if (exitCode !== 0) await this.#report();
    appendFileSync(journal.statusPath(), `{ "exit-code": ${exitCode} }\n`, { mode: 0o600 });
  }

  /** Whoever kills it, or its container, needs no other word; what nobody wanted may have ended as it should (R2). */
  #cutOff(): void {
    const { journal, request } = this.#settings;
    if (this.#striking || journal.stopped() !== undefined) return;
    throw new CallCutOffError(request.callId);
  }

  #argv({ fileBytes, old }: CallProgram): string[] {
    const { request, journal, stdin, input } = this.#settings;
    const settings = [
      journal.name,
      input ? 'open' : stdin ? String(stdin.length) : 'none',
      request.cwd ?? '/workspace',
      String(openFilesLimit()),
      String(Math.ceil(fileBytes / BLOCK_BYTES)),
      request.forget || input ? 'no' : 'yes',
      old.join(' '),
    ];
    return ['/bin/sh', '-c', CALL, 'runledger-call', ...settings, ...request.argv];
  }

  /** Without input of the caller's own, the open standard input is what keeps the call alive. */
  #feed({ stdin }: ContainerProcess): void {
    stdin.on('error', () => undefined); // whoever was to read it is gone: the outputs end
    const { input, stdin: bytes } = this.#settings;
    if (input) input.pipe(stdin);
    else if (bytes) stdin.write(bytes);
  }

  async #report(): Promise<void> {
    const said = await saidBy(this.#container, ['/bin/sh', '-c', REPORT, 'report', this.#settings.journal.name]);
    this.#oomKills = Number(said?.split(/\s+/)[1] ?? 0) || 0;
  }

  /** Whoever is killing the call already, because it had said enough, must not wait for an end that waits for the kill. */
  #flooded(): Promise<void> {
    this.#unheard.abort();
    return this.#struck();
  }

  #struck(): Promise<void> {
    this.#striking ??= this.#strike();
    return this.#striking;
  }

  async #strike(): Promise<void> {
    if ((await this.#order('KILL')) && (await this.#endsWithin(PATIENCE_MS))) return;
    const killed = await this.#container.killAll().then(
      () => true,
      () => false, // then it is removed
    );
    if (killed && (await this.#endsWithin(LAST_PATIENCE_MS))) return;
    await this.#container.remove().catch(() => undefined); // the sweep tries it again, and says why it cannot
    this.#process?.close();
  }

  /** Answers whether it was carried out: a full container cannot start the one that kills. */
  async #order(signal: 'TERM' | 'KILL'): Promise<boolean> {
    const stop = ['/bin/sh', '-c', STOP, 'stop', this.#settings.journal.name, signal];
    const said = saidBy(this.#container, stop).catch(() => undefined);
    const late = sleep(PATIENCE_MS, undefined, { ref: false });
    return (await Promise.race([said, late])) !== undefined;
  }

  async #endsWithin(ms: number): Promise<boolean> {
    const { signal } = this.#unheard;
    const late = sleep(ms, undefined, { ref: false, signal }).catch(() => undefined);
    await Promise.race([this.exited.catch(() => undefined), late]);
    return this.#isOver || signal.aborted;
  }
}

interface SpoolLimit {
  readonly maxBytes: number;
  readonly flooded: () => void;
}

/** Keeps `maxBytes` and one block, so that it is known when there was more. */
async function spool(output: Readable, path: string, { maxBytes, flooded }: SpoolLimit): Promise<'end' | 'flood'> {
  const file = await open(path, 'a', 0o600);
  let room = maxBytes + BLOCK_BYTES;
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      await file.write(chunk.subarray(0, room));
      room -= chunk.length;
      if (room > 0) continue;
      flooded();
      return 'flood';
    }
    return 'end';
  } finally {
    await file.close();
  }
}
