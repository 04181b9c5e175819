import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SandboxUnavailableError } from './sandbox-faults.js';

export interface UidRange {
  readonly first: number;
  readonly count: number;
}

/** Host uids for sandboxes, used by nobody else. */
export const DEFAULT_UIDS: UidRange = { first: 200_000, count: 10_000 };
/** Where the machine's services agree on who uses which uid. */
export const DEFAULT_SLOTS_DIR = '/run/runledger-sandbox-uids';

/** So often it is tried again where only others who tried, too, stood in the way; a sandbox that has a uid gives it up sooner. */
const MOST_TRIES = 200;
const MOST_TRIES_FOR_HELD = 20;
const TRIED_BEFORE_LOOKING_AGAIN = 16;
const LONGEST_PAUSE_MS = 5;

/**
 * One host uid per live sandbox, so that no two share a process limit or can signal each other (S1). The machine's services agree
 * by symbolic links to the directories of sandboxes; a link whose directory is gone says nothing.
 *
 * 1. Who wants a uid makes a claim, `<uid>.by-<random>`, and looks at all others of that uid only then. Of two, the one that was
 *    later finds the other's, because nobody moves a claim, and it stays for as long as the uid is held. Who finds another backs
 *    off: both may, and try again, but never do both stay.
 * 2. A directory that is there again has made claims of its own again. So one that was seen without its directory may be removed later.
 * 3. The slot, `<uid>`, is all that services of earlier versions know. They move it to `<uid>.<pid>` before they find it stale, and
 *    back if it was not: so what lies aside counts like a claim, and the slot has to lead to whoever stays. They may be about to
 *    remove a slot whose directory is gone, whoever has it by then: such a one is taken last.
 */
export class UidSlots {
  readonly #directory: string;
  readonly #range: UidRange;
  /** The last claim of this process for each sandbox directory. */
  readonly #claims = new Map<string, string>();

  constructor(directory: string, range: UidRange) {
    this.#directory = directory;
    this.#range = range;
  }

  /**
   * The uid for a sandbox directory that is there: the one that it holds already, else the first free one. Each try is made in one
   * piece and leaves nothing behind when it fails, so this process may do anything else between two, also try for another sandbox.
   */
  async take(sandboxDir: string, held?: number): Promise<number> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (let tries = 1; ; tries += 1) {
      const wanted = this.#wanted(sandboxDir, tries > MOST_TRIES_FOR_HELD ? undefined : held);
      const uid = wanted.find(each => this.#take(each, sandboxDir));
      if (uid !== undefined) return uid;
      if (wanted.length === 0 || tries >= MOST_TRIES) throw this.#noneFree();
      await sleep(Math.random() * LONGEST_PAUSE_MS); // so that two that backed off from each other do not meet again
    }
  }

  free(uid: number, sandboxDir: string): void {
    for (const name of this.#namesOf(uid)) {
      if (this.#holderOf(name) !== sandboxDir) continue;
      this.#remove(name);
      if (this.#claims.get(sandboxDir) === name) this.#claims.delete(sandboxDir);
    }
    this.#clear(uid, holder => holder === sandboxDir);
  }

  /** Forgets every holder that is gone. Slots would be found free anyway; this only keeps the directory small. */
  sweep(): void {
    for (const sandboxDir of this.#claims.keys()) if (!existsSync(sandboxDir)) this.#claims.delete(sandboxDir);
    for (const name of this.#names()) {
      if (!/^\d+$/.test(name)) this.#removeIfGone(name);
      else this.#clear(Number(name), isGone);
    }
  }

  /** In which order uids are to be tried: those of which nobody speaks come before those that were left. */
  #wanted(sandboxDir: string, held: number | undefined): number[] {
    const isAnothers = (name: string): boolean => isAnother(this.#holderOf(name), sandboxDir);
    if (held !== undefined && !isAnothers(String(held))) return [held];
    const { first, count } = this.#range;
    const named = new Map<number, string[]>();
    for (const name of this.#names()) {
      const uid = Number.parseInt(name, 10);
      named.set(uid, [...(named.get(uid) ?? []), name]);
    }
    const unnamed: number[] = [];
    for (let uid = first; uid < first + count && unnamed.length < TRIED_BEFORE_LOOKING_AGAIN; uid += 1) {
      if (!named.has(uid)) unnamed.push(uid);
    }
    if (unnamed.length > 0) return unnamed;
    const inRange = [...named].filter(([uid]) => uid >= first && uid < first + count);
    return inRange.flatMap(([uid, names]) => (names.some(isAnothers) ? [] : [uid]));
  }

  #take(uid: number, sandboxDir: string): boolean {
    const claim = `${uid}.by-${randomBytes(8).toString('hex')}`;
    symlinkSync(sandboxDir, `${this.#directory}/${claim}`);
    const slot = this.#enter(uid, sandboxDir);
    if (slot !== 'taken' && this.#isAlone(uid, sandboxDir)) {
      this.#remove(this.#claims.get(sandboxDir));
      this.#claims.set(sandboxDir, claim);
      return true;
    }
    this.#remove(claim);
    if (slot === 'made') this.#clear(uid, holder => holder === sandboxDir);
    return false;
  }

  /** Has the slot lead to this sandbox. */
  #enter(uid: number, sandboxDir: string): 'made' | 'own' | 'taken' {
    if (this.#holderOf(String(uid)) === sandboxDir) return 'own';
    this.#clear(uid, isGone);
    try {
      symlinkSync(sandboxDir, `${this.#directory}/${uid}`);
      return 'made';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'taken';
      throw error;
    }
  }

  /** The slot last: what lay aside may have been moved back. */
  #isAlone(uid: number, sandboxDir: string): boolean {
    const others = this.#namesOf(uid).map(name => this.#holderOf(name));
    return !others.some(holder => isAnother(holder, sandboxDir)) && this.#holderOf(String(uid)) === sandboxDir;
  }

  /** Moved aside first: if another process took the slot in between, its link is what we hold, and goes back. */
  #clear(uid: number, isMeant: (holder: string) => boolean): void {
    const before = this.#holderOf(String(uid));
    if (before === undefined || !isMeant(before)) return;
    const aside = `${uid}.from-${randomBytes(8).toString('hex')}`;
    this.#move(String(uid), aside);
    const moved = this.#holderOf(aside);
    if (moved === undefined) return;
    if (isMeant(moved)) this.#remove(aside);
    else this.#move(aside, String(uid));
  }

  #removeIfGone(name: string): void {
    const holder = this.#holderOf(name);
    if (holder !== undefined && isGone(holder)) this.#remove(name);
  }

  #move(from: string, to: string): void {
    try {
      renameSync(`${this.#directory}/${from}`, `${this.#directory}/${to}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #remove(name: string | undefined): void {
    if (name !== undefined) rmSync(`${this.#directory}/${name}`, { force: true });
  }

  #holderOf(name: string): string | undefined {
    try {
      return readlinkSync(`${this.#directory}/${name}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Claims, and slots that were moved aside. */
  #namesOf(uid: number): string[] {
    return this.#names().filter(name => name.startsWith(`${uid}.`));
  }

  #names(): string[] {
    return existsSync(this.#directory) ? readdirSync(this.#directory).filter(name => /^\d/.test(name)) : [];
  }

  #noneFree(): SandboxUnavailableError {
    return new SandboxUnavailableError(
      `all ${this.#range.count} sandbox uids from ${this.#range.first} on are in use`,
      'release sandboxes of ended runs, or widen the uid range in the configuration',
    );
  }
}

function isGone(sandboxDir: string): boolean {
  return !existsSync(sandboxDir);
}

function isAnother(holder: string | undefined, sandboxDir: string): boolean {
  return holder !== undefined && holder !== sandboxDir && existsSync(holder);
}
