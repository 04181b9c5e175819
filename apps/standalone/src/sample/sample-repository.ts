import { execFile } from 'node:child_process';
import { cp, mkdtemp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '@runledger/kernel';

const run = promisify(execFile);

/** The sample's repository could not be made; the message says what git said. */
export class SampleRepositoryError extends Fault {
  constructor(remote: string, cause: unknown) {
    const { stderr = '' } = cause as { readonly stderr?: string };
    super(
      'SAMPLE_REPOSITORY',
      `The sample's repository at ${remote} could not be made: ${stderr.trim() || 'is git installed?'}`,
      {
        cause,
        fields: { remote },
      },
    );
  }
}

/**
 * Makes the bare repository `remote` from the files in `template`, one commit on `main`, unless it is there. It appears
 * whole or not at all. Everyone may write to it: each sandbox pushes as a user of its own, and no sandbox whose profile
 * does not grant it can see it (S1).
 */
export async function ensureSampleRepository(template: string, remote: string): Promise<void> {
  if (await exists(remote)) return;
  const scratch = await mkdtemp(join(tmpdir(), 'runledger-sample-'));
  try {
    await makeBareRepository(template, scratch);
    await mkdir(dirname(remote), { recursive: true, mode: 0o700 });
    const beside = `${remote}.unfinished`;
    await rm(beside, { recursive: true, force: true });
    await cp(join(scratch, 'bare'), beside, { recursive: true });
    await run('chmod', ['-R', 'a+rwX', beside]);
    await rename(beside, remote);
  } catch (cause) {
    throw new SampleRepositoryError(remote, cause);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function makeBareRepository(template: string, scratch: string): Promise<void> {
  const work = join(scratch, 'work');
  const bare = join(scratch, 'bare');
  await cp(template, work, { recursive: true });
  const git = (...args: string[]) => run('git', args, { cwd: work, env: gitEnvironment(scratch) });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message=Start with plain-text tables');
  await git('init', '--quiet', '--bare', '--shared=0777', '--initial-branch=main', bare);
  await git('push', '--quiet', bare, 'main');
}

/** The operator's own git settings (hooks, signing, templates) must not reach the sample. */
function gitEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Runledger',
    GIT_AUTHOR_EMAIL: 'sample@runledger.invalid',
    GIT_COMMITTER_NAME: 'Runledger',
    GIT_COMMITTER_EMAIL: 'sample@runledger.invalid',
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
