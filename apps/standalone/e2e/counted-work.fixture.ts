import { chmodSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from './api-client.fixture.js';

const MIB = 1_048_576;

/** A small sandbox without repository; more on top. */
export function profileNamed(slug: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    slug,
    name: slug,
    isolation: 'bubblewrap',
    repositories: [],
    mounts: [],
    env: {},
    resourceClass: 'small',
    network: 'none',
    limits: {
      memoryBytes: 512 * MIB,
      pids: 64,
      cpuPercent: 100,
      tmpBytes: 32 * MIB,
      workspaceBytes: 64 * MIB,
      outputBytes: 8 * MIB,
    },
    ...more,
  };
}

/** A folder of this machine that sandboxes may write to, so that what ran is counted from outside the platform. */
export class CountedWork {
  #folder: string | undefined;

  /** Made when it is first asked for. */
  get folder(): string {
    if (this.#folder === undefined) {
      this.#folder = realpathSync(mkdtempSync(join(tmpdir(), 'runledger-counted-')));
      chmodSync(this.#folder, 0o777);
    }
    return this.#folder;
  }

  /** For the platform's environment: profiles may mount the folder, and steps call the function `count`. */
  get environment() {
    return {
      SANDBOX_MOUNT_SOURCES: this.folder,
      ORCHESTRATOR_FUNCTIONS: join(import.meta.dirname, 'counted-functions.fixture.mjs'),
      COUNTED_CALLS: join(this.folder, 'called'),
    };
  }

  /** Publishes the profile `counted`, whose sandboxes see the folder as `/counts`. */
  async publishProfile(api: ApiClient): Promise<void> {
    const mounts = [{ source: this.folder, target: '/counts', mode: 'rw' }];
    expect(await api.publishProfile(profileNamed('counted', { mounts }))).toMatchObject({
      __typename: 'SandboxProfile',
    });
  }

  /** What ran, in the order in which it ran. */
  ran(): string[] {
    return this.#linesOf('ran');
  }

  /** What functions did, `<as> <key>`, in that order. */
  called(): string[] {
    return this.#linesOf('called');
  }

  #linesOf(name: string): string[] {
    const file = join(this.folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  /** From now on the work named so does not end before it is let go: whoever kills in its middle need not hurry. */
  hold(work: 'second' | 'program'): void {
    writeFileSync(join(this.folder, `hold-${work}`), '');
  }

  letGo(work: 'second' | 'program'): void {
    rmSync(join(this.folder, `hold-${work}`));
  }

  /** Counts anew from here. */
  forget(): void {
    for (const name of ['ran', 'called']) rmSync(join(this.folder, name), { force: true });
  }

  giveBack(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Work that counts itself, and that can be held in its middle: an agent with three calls, then a program. */
export const COUNTED_FLOW = `
slug: counted
defaults: { profile: counted }
steps:
  - key: agent
    agent:
      provider: scripted
      prompt: Count.
      tools: [bash]
      script:
        - text: I begin.
          tools: [{ name: bash, arguments: { command: 'echo first >> /counts/ran' } }]
        - text: I go on.
          tools: [{ name: bash, arguments: { command: 'echo second begins >> /counts/ran; sleep 1; while [ -e /counts/hold-second ]; do sleep 0.1; done; echo second ends >> /counts/ran' } }]
        - tools: [{ name: bash, arguments: { command: 'echo third >> /counts/ran' } }]
        - text: Done.
  - key: program
    needs: [agent]
    run: |
      echo program begins >> /counts/ran
      sleep 1
      while [ -e /counts/hold-program ]; do sleep 0.1; done
      echo program ends >> /counts/ran
`;
