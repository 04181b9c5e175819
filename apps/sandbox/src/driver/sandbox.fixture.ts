import { DEFAULT_LIMITS, type ProfileDefinition } from '@runledger/contracts';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BubblewrapOptions } from './bubblewrap-driver.js';
import { BubblewrapDriver } from './bubblewrap-driver.js';
import type { LocalSandbox } from './local-sandbox.js';
import type { ExecRequest, ExecResult, Sandbox } from './sandbox-driver.js';

const MIB = 1_048_576;

/** Small enough that a bomb is contained quickly, on a machine that others use too. */
export function testProfile(
  more: Partial<Omit<ProfileDefinition, 'limits'>> & { limits?: Partial<ProfileDefinition['limits']> } = {},
): ProfileDefinition {
  return {
    slug: 'test',
    name: 'Test',
    isolation: 'bubblewrap',
    repositories: [],
    mounts: [],
    env: {},
    resourceClass: 'small',
    network: 'none',
    ...more,
    limits: {
      ...DEFAULT_LIMITS,
      memoryBytes: 512 * MIB,
      pids: 64,
      cpuPercent: 100,
      tmpBytes: 32 * MIB,
      workspaceBytes: 256 * MIB,
      outputBytes: 8 * MIB,
      ...more.limits,
    },
  };
}

/** A driver over a directory of its own, and a list of what to give back afterwards. */
export class SandboxGround {
  readonly homeDir: string;
  readonly driver: BubblewrapDriver;
  #calls = 0;
  #runs = 0;

  constructor(options: Partial<BubblewrapOptions> = {}) {
    this.homeDir = options.homeDir ?? join(mkdtempSync(join(tmpdir(), 'runledger-sandbox-')), 'home');
    this.driver = new BubblewrapDriver({ ...options, homeDir: this.homeDir });
  }

  async open(profile = testProfile(), runId = `run_${process.pid}-${(this.#runs += 1)}`): Promise<LocalSandbox> {
    return (await this.driver.open({ workspaceId: 'ws_test', runId, profile })) as LocalSandbox;
  }

  /** Runs a script and answers with all that it printed. */
  async sh(sandbox: Sandbox, script: string, more: Partial<ExecRequest> = {}): Promise<Ran> {
    return ran(sandbox, {
      callId: `call-${(this.#calls += 1)}`,
      argv: ['bash', '-c', script],
      timeoutMs: 20_000,
      ...more,
    });
  }

  async giveBack(): Promise<void> {
    await this.driver.sweep(new Set());
    rmSync(join(this.homeDir, '..'), { recursive: true, force: true });
  }
}

export interface Ran extends ExecResult {
  readonly stdout: string;
  readonly stderr: string;
}

export async function ran(sandbox: Sandbox, request: ExecRequest): Promise<Ran> {
  const output = { stdout: '', stderr: '' };
  const result = await sandbox.exec({
    ...request,
    onOutput: async (channel, chunk) => {
      output[channel] += chunk.toString();
      await request.onOutput?.(channel, chunk);
    },
  });
  return { ...result, ...output };
}

/** A time to sleep, in seconds, that no other run of specs on this machine waits for: who looks for it finds their own. */
export function markOf(seconds: number): string {
  return `${seconds}.${String(process.pid).padStart(8, '0')}`;
}

/** Host pids of living processes whose command line holds the mark. */
export function living(mark: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => pid !== process.pid && commandLine(pid).includes(mark));
}

/** Directories of control groups of that name. Those of other sandboxes on this machine may vanish while we look. */
export function controlGroupsNamed(pattern: string): string {
  return spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', pattern], { encoding: 'utf8' }).stdout;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended while we looked
  }
}
