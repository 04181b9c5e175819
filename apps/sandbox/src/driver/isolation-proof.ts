import { DEFAULT_LIMITS, type ProfileDefinition } from '@runledger/contracts';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { SandboxDriver } from './sandbox-driver.js';
import { SandboxStalledError, SandboxUnavailableError } from './sandbox-faults.js';

export const PROBE_TIMEOUT_MS = 15_000;

export const PROBE_PROFILE: ProfileDefinition = {
  slug: 'isolation-proof',
  name: 'Isolation proof',
  isolation: 'bubblewrap',
  repositories: [],
  mounts: [],
  env: {},
  resourceClass: 'proof',
  limits: DEFAULT_LIMITS,
  network: 'none',
};

/** Tries to break out in the known ways, from inside, and prints each way that works. */
const PROBE = `
pattern=$(cat /proc/sys/kernel/core_pattern)
{ printf '%s\\n' "$pattern" >/proc/sys/kernel/core_pattern; } 2>/dev/null && echo 'kernel settings can be written'
tr '\\0' '\\n' </proc/1/environ | grep -q '^RUNLEDGER_PROOF=' || echo 'process 1 is not ours'
[ "$(ls -d /proc/[0-9]* | wc -l)" -le 8 ] || echo 'processes of the host are seen'
[ -e /root ] && echo '/root is seen'
[ -e "$1" ] && echo "$1 is seen"
[ "$(grep -c : /proc/net/dev)" -eq 1 ] || echo 'network interfaces of the host are seen'
grep -q '^Seccomp:[[:space:]]*2' /proc/self/status || echo 'system calls are not filtered'
grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status || echo 'privileges can be gained'
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status || echo 'capabilities are left'
unshare -U true 2>/dev/null && echo 'user namespaces can be nested'
{ true >/usr/.proof; } 2>/dev/null && echo '/usr can be written'
{ true >/.proof; } 2>/dev/null && echo 'the root can be written'
echo proven
`;

/**
 * Runs the probe in a sandbox of its own; throws {@link SandboxUnavailableError} unless every way out is closed (S1), and
 * {@link SandboxStalledError} when the machine is too slow to tell.
 */
export async function proveIsolation(driver: SandboxDriver): Promise<void> {
  const lines = (await probe(driver)).split('\n').filter(Boolean);
  const open = lines.filter(line => line !== 'proven');
  if (open.length > 0) throw new SandboxUnavailableError(open.join('; '), remedy());
  if (!lines.includes('proven')) throw new SandboxUnavailableError('the probe did not run to its end', remedy());
}

async function probe(driver: SandboxDriver): Promise<string> {
  const output: Buffer[] = [];
  const runId = `isolation-proof-${process.pid}`;
  const sandbox = await driver.open({ workspaceId: 'system', runId, profile: PROBE_PROFILE });
  try {
    const { why } = await sandbox.exec({
      callId: 'probe',
      argv: ['/bin/sh', '-c', PROBE, 'probe', homedir()],
      env: { RUNLEDGER_PROOF: '1' },
      timeoutMs: PROBE_TIMEOUT_MS,
      onOutput: (channel, chunk) => void (channel === 'stdout' && output.push(chunk)),
    });
    // It says nothing about the isolation, and a person could mend nothing.
    if (why === 'timeout')
      throw new SandboxStalledError(`the proof of isolation takes more than ${PROBE_TIMEOUT_MS} ms`);
  } catch (cause) {
    if (cause instanceof SandboxUnavailableError || cause instanceof SandboxStalledError) throw cause;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new SandboxUnavailableError(what, remedy(), cause);
  } finally {
    await sandbox.release();
  }
  return Buffer.concat(output).toString();
}

/** The one command that most likely helps on this machine. */
export function remedy(): string {
  const switches: readonly (readonly [path: string, bad: string, command: string])[] = [
    ['/proc/sys/kernel/unprivileged_userns_clone', '0', 'sysctl -w kernel.unprivileged_userns_clone=1'],
    [
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
      '1',
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    ],
    ['/proc/sys/user/max_user_namespaces', '0', 'sysctl -w user.max_user_namespaces=15000'],
  ];
  const found = switches.find(([path, bad]) => existsSync(path) && readFileSync(path, 'utf8').trim() === bad);
  if (found) return found[2];
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) {
    return 'start the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined';
  }
  return 'apt-get install --reinstall -y bubblewrap';
}
