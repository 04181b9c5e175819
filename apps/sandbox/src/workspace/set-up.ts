import { networkOf } from '@runledger/contracts';
import type { NetworkPolicy, ProfileDefinition } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';
import type { ExecResult, Sandbox } from '../driver/sandbox-driver.js';
import type { RepositoryAccess } from '../integrations/credentials.js';
import { NO_WAY, openRemote, remoteFault, shownUrl } from './remote-access.js';
import type { OpenRemote } from './remote-access.js';

type Repository = ProfileDefinition['repositories'][number];

export interface SetUpTools {
  readonly signal: AbortSignal;
  /** One line for the reader of the transcript. */
  note(text: string): void;
  /** Left out: repositories are cloned as anybody may. */
  readonly access?: RepositoryAccess;
}

/** A repository of the profile could not be cloned. Carries what git said and what to do about it. */
export class WorkspaceSetUpError extends Fault {
  constructor(
    url: string,
    said: string,
    readonly fix: string,
  ) {
    super('WORKSPACE_SET_UP_FAILED', `Repository ${url} was not cloned: ${said} ${fix}`, {
      fields: { repository: url, stderr: said, fix },
    });
  }
}

const CLONE_TIMEOUT_MS = 600_000;
const SAID_CHARS = 4_000;

/*
 * $1 workspace, $2 URL, $3 path below the workspace, $4 branch or empty, $5 number of the repository, $6 where it is asked
 * for instead, or empty: what stays in its configuration is $2. May be run again
 * after having been killed anywhere: `.git` arrives at its place in one step, and from then on only files are restored.
 * A target may exist: `.` is the workspace itself, and one repository may lie below another.
 */
const CLONE = `
set -e
target=$1/$3
aside=$1/.cloning-$5
url=$2
branch=$4
if [ -n "$6" ]; then set -- -c "url.$6.insteadOf=$2" -c http.followRedirects=false; else set --; fi
if [ ! -e "$target/.git" ]; then
  rm -rf "$aside"
  if [ -n "$branch" ]; then
    git "$@" clone --quiet --no-checkout --branch "$branch" -- "$url" "$aside"
  else
    git "$@" clone --quiet --no-checkout -- "$url" "$aside"
  fi
  mkdir -p "$target"
  mv "$aside/.git" "$target/.git"
  rm -rf "$aside"
fi
cd "$target"
if git rev-parse --quiet --verify HEAD >/dev/null; then
  git reset --quiet --hard
  echo "$(git rev-parse --short HEAD) ($(git symbolic-ref --quiet --short HEAD || echo detached))"
else
  echo 'no commit yet'
fi
`;

/**
 * Clones the profile's repositories into a fresh workspace, inside its sandbox: git and the hooks of a remote are
 * untrusted work too (S1). What was cloned before a crash is not cloned again. Throws {@link WorkspaceSetUpError}, and `RepositoryClosedError` where a credential is
 * missing or refused.
 */
export async function setUpWorkspace(sandbox: Sandbox, profile: ProfileDefinition, tools: SetUpTools): Promise<void> {
  for (const [index, repository] of profile.repositories.entries()) {
    const remote = await openRemote(sandbox, repository.url, tools.access);
    try {
      const head = await clone(sandbox, { repository, index, profile, remote }, tools.signal);
      const by = remote.connection?.name === undefined ? '' : `, with the credential of ${remote.connection.name}`;
      tools.note(`Cloned ${shownUrl(repository.url)} at ${head} into ${repository.path}${by}`);
    } finally {
      await remote.close();
    }
  }
}

interface Clone {
  readonly repository: Repository;
  readonly index: number;
  readonly profile: ProfileDefinition;
  readonly remote: OpenRemote;
}

async function clone(sandbox: Sandbox, work: Clone, signal: AbortSignal): Promise<string> {
  const { repository, index, profile, remote } = work;
  const { url, path, branch = '' } = repository;
  const output = { stdout: '', stderr: '' };
  const place = [sandbox.workspacePath, url, path, branch, String(index), remote.instead];
  const result = await sandbox.exec({
    callId: `set-up.clone.${index}`,
    argv: ['/bin/sh', '-c', CLONE, 'clone', ...place],
    env: { GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
    timeoutMs: CLONE_TIMEOUT_MS,
    forget: true, // a clone that failed is tried again, not played back
    signal,
    onOutput: (channel, chunk) => void (output[channel] = (output[channel] + chunk.toString()).slice(-SAID_CHARS)),
  });
  if (result.why === 'exit' && result.exitCode === 0) {
    await remote.worked();
    return output.stdout.trim();
  }
  const shown = shownUrl(url);
  const said = output.stderr
    .replaceAll(url, shown)
    .replaceAll(remote.instead === '' ? NO_WAY : remote.instead, shown)
    .trim();
  if (result.why === 'exit') await remoteFault(remote, url, said);
  throw new WorkspaceSetUpError(shown, said || ended(result), fixFor(repository, profile));
}

function ended(result: ExecResult): string {
  return result.why === 'exit' ? `git ended with ${result.exitCode}.` : `git was stopped (${result.why}).`;
}

function remoteFix({ mode }: NetworkPolicy): string {
  if (mode === 'allowlist')
    return 'Check that the profile lists the host of the remote, and that anybody may read it over https.';
  return 'Sandboxes have no network: mount the directory that holds the remote and give its path as the url, or list its host in the profile.';
}

function fixFor({ url, branch }: Repository, profile: ProfileDefinition): string {
  const { mounts } = profile;
  if (!url.startsWith('/')) return remoteFix(networkOf(profile));
  if (!mounts.some(({ target }) => `${url}/`.startsWith(`${target}/`))) {
    return `Add a mount to the profile that holds ${url}.`;
  }
  const what = branch === undefined ? 'is a bare repository' : `is a bare repository with the branch ${branch}`;
  return `Check that ${url} ${what}, and that it and the mounted directory let every user in.`;
}
