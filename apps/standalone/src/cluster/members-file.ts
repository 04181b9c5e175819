import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, isAlive } from '@runledger/platform';
import type { ProcessIdentity } from '@runledger/platform';

/** A process as the file lists it. */
export interface Member {
  readonly service: string;
  readonly replica: number;
  readonly pid: number;
  readonly internalUrl: string;
  readonly apiUrl?: string;
}

interface Content {
  readonly supervisor: number;
  readonly members: readonly (Member & Pick<ProcessIdentity, 'since'>)[];
}

const ENDED_WITHIN_MS = 30_000;

/** `cluster.json` in the home: which processes there are, for people, programs, and the supervisor after this one. */
export class MembersFile {
  readonly #path: string;
  #writing = Promise.resolve();

  constructor(home: string) {
    this.#path = join(home, 'cluster.json');
  }

  /**
   * Processes whose supervisor was killed end by themselves; this waits until they have, and kills those that do not. Resolves with
   * how many there were.
   */
  async clear(): Promise<number> {
    const living = (await this.#read()).filter(isAlive);
    const deadline = Date.now() + ENDED_WITHIN_MS;
    while (living.some(isAlive) && Date.now() < deadline) await delay(50);
    for (const { pid } of living.filter(isAlive)) process.kill(pid, 'SIGKILL');
    return living.length;
  }

  /** One write at a time; the last one counts. */
  write(members: readonly Member[]): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#write(members)));
  }

  async remove(): Promise<void> {
    await this.#writing;
    await rm(this.#path, { force: true });
  }

  async #write(members: readonly Member[]): Promise<void> {
    const content: Content = {
      supervisor: process.pid,
      members: members.map(member => ({ ...member, since: identityOf(member.pid)?.since ?? '' })),
    };
    const draft = `${this.#path}.draft`;
    await writeFile(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    await rename(draft, this.#path);
  }

  async #read(): Promise<Content['members']> {
    try {
      return (JSON.parse(await readFile(this.#path, 'utf8')) as Content).members;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}
