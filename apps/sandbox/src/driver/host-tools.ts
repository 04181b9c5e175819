import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

/** A host path shown read-only inside the sandbox. */
export interface ToolchainBind {
  readonly source: string;
  readonly target: string;
}

export const NODE_BIN = '/opt/node/bin';
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin';
const SANDBOX_PATH = `${NODE_BIN}:${SYSTEM_PATH}`;
export const SANDBOX_UID = 1000;

const ETC = [
  'alternatives',
  'ca-certificates',
  'ca-certificates.conf',
  'crypto-policies',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'perl',
  'pki',
  'protocols',
  'services',
  'ssl',
];

/** The host's programs without the host: `/usr`, the few files of `/etc` that programs need, nothing of anybody's home. */
export function hostToolsArguments(): string[] {
  const top = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].flatMap(topLevel);
  const java = existsSync('/etc') ? readdirSync('/etc').filter(name => name.startsWith('java')) : [];
  const etc = [...ETC, ...java].flatMap(name => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]);
  return ['--ro-bind', '/usr', '/usr', ...top, ...etc];
}

/** Merged systems have `/bin -> usr/bin`; on others it is a directory of its own. */
function topLevel(name: string): string[] {
  const path = `/${name}`;
  if (!existsSync(path)) return [];
  if (lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
  return ['--ro-bind', path, path];
}

/**
 * A neutral author, and trust in repositories whoever owns them: a mounted remote belongs to another uid. A file, because
 * git drops settings of the environment when it starts the other side of a local clone or push.
 */
const GIT_CONFIG = `[user]
\tname = Agent
\temail = agent@localhost
[safe]
\tdirectory = *
[init]
\tdefaultBranch = main
[advice]
\tdetachedHead = false
`;

/** Names for the sandbox's only user, so that programs find one; written once per driver. Answers what to bind where. */
export function identityFiles(directory: string, uid = SANDBOX_UID): ToolchainBind[] {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const files: Record<string, string> = {
    passwd: `root:x:0:0:root:/:/usr/sbin/nologin\nagent:x:${uid}:${uid}:Agent:/home/agent:/bin/sh\n`,
    group: `root:x:0:\nagent:x:${uid}:\n`,
    hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
    gitconfig: GIT_CONFIG,
  };
  return Object.entries(files).map(([name, text]) => {
    writeIfOther(`${directory}/${name}`, Buffer.from(text), 0o644);
    return { source: `${directory}/${name}`, target: `/etc/${name}` };
  });
}

/** Left alone when it is right already: another process's sandboxes may be looking at it. */
export function writeIfOther(path: string, content: Buffer, mode: number): void {
  if (!existsSync(path) || !readFileSync(path).equals(content)) writeFileSync(path, content, { mode });
}

/** What every program inside is told. */
export const NEUTRAL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: SANDBOX_PATH,
  HOME: '/home/agent',
  USER: 'agent',
  LOGNAME: 'agent',
  SHELL: '/bin/sh',
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  GIT_TERMINAL_PROMPT: '0',
};
