import type { ProfileDefinition } from '@runledger/contracts';
import { Fault } from '@runledger/kernel';
import type { Sandbox } from '../driver/sandbox-driver.js';

/** A repository of the profile could not be cloned; `output` is what git said. */
export class CloneFailedError extends Fault {
  constructor(url: string, output: string) {
    const said = output.trim().split('\n').at(-1) ?? '';
    super(
      'CLONE_FAILED',
      `Repository ${url} could not be cloned into the workspace: ${said || 'git did not say why'}. ` +
        'Check the address and the branch, and that the profile mounts a local repository or grants access to a remote one.',
      { fields: { url, output } },
    );
  }
}

export interface SetUpOptions {
  readonly signal: AbortSignal;
  /** Told what was done, a line at a time. */
  note(text: string): void;
}

type Repository = ProfileDefinition['repositories'][number];

const CLONE_TIMEOUT_MS = 600_000;

/**
 * Makes a fresh workspace what the profile wants it to be. Git runs inside the sandbox: what a repository contains is
 * untrusted. May be repeated after a crash: clones that ended are not made again (the journal knows them), and one that was
 * interrupted begins with an empty place.
 */
export async function setUpWorkspace(
  sandbox: Sandbox,
  profile: ProfileDefinition,
  options: SetUpOptions,
): Promise<void> {
  for (const repository of outermostFirst(profile.repositories)) await clone(sandbox, repository, options);
}

/** A repository may lie inside another's folder: the outer one has to be there first. */
function outermostFirst(repositories: readonly Repository[]): Repository[] {
  const depth = ({ path }: Repository) => path.split('/').filter(part => part !== '' && part !== '.').length;
  return [...repositories].sort((a, b) => depth(a) - depth(b));
}

const SCRIPT = `
set -e
mkdir -p -- "$TARGET"
cd -- "$TARGET"
find . -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +
git clone --quiet --no-hardlinks \${BRANCH:+--branch "$BRANCH"} -- "$URL" .
echo "Cloned $URL at $(git rev-parse --short HEAD) ($(git rev-parse --abbrev-ref HEAD)) into $TARGET"
`;

async function clone(sandbox: Sandbox, repository: Repository, options: SetUpOptions): Promise<void> {
  let output = '';
  const { why, exitCode } = await sandbox.exec({
    callId: `setup:${repository.path}`,
    argv: ['bash', '-c', SCRIPT],
    env: { URL: repository.url, TARGET: repository.path, BRANCH: repository.branch ?? '' },
    cwd: sandbox.workspacePath,
    timeoutMs: CLONE_TIMEOUT_MS,
    signal: options.signal,
    onOutput: (_channel, chunk) => {
      output = (output + chunk.toString('utf8')).slice(-8_192);
    },
  });
  options.signal.throwIfAborted();
  if (why !== 'exit' || exitCode !== 0) throw new CloneFailedError(repository.url, output);
  options.note(output.trim());
}
