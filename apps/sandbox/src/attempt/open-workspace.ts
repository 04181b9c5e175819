import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';
import type { KeptAttempt } from '../snapshot/workspace-keeper.js';
import type { AttemptHost } from './attempt-needs.js';
import type { SandboxRequest } from './run-sandboxes.js';

export interface WorkspaceOpening {
  readonly attempt: KeptAttempt;
  readonly driver: SandboxDriver;
  readonly request: SandboxRequest;
  /** Makes what the profile asks for, in a new workspace. */
  readonly setUp: (sandbox: Sandbox) => Promise<void>;
  readonly note: (text: string) => void;
}

/**
 * Opens the run's sandbox with the files that the attempt begins with: as they are, set up by the profile, or as they were at
 * another time. Files that are brought back are not set up once more: what set-up made is among them.
 */
export async function openWorkspace(host: AttemptHost, opening: WorkspaceOpening): Promise<Sandbox> {
  const { files } = host;
  if (!files) return host.sandboxes.open(opening.driver, opening.request, sandbox => opening.setUp(sandbox));
  return files.inTurn(opening.attempt, async () => {
    const { attempt } = opening;
    const first = await opened(host, files, opening);
    const beginning = first.isNew ? undefined : await files.beginning(attempt, first.sandbox, true);
    const stays = beginning === undefined || files.isThere(attempt.place, beginning);
    if (!stays) await host.sandboxes.renew(attempt.place.runId);
    const { sandbox } = stays ? first : await opened(host, files, opening);
    await files.begin(attempt, sandbox);
    return sandbox;
  });
}

async function opened(
  host: AttemptHost,
  files: NonNullable<AttemptHost['files']>,
  { attempt, driver, request, setUp, note }: WorkspaceOpening,
): Promise<{ readonly sandbox: Sandbox; readonly isNew: boolean }> {
  let isNew = false;
  const sandbox = await host.sandboxes.open(driver, request, async fresh => {
    isNew = true;
    const beginning = await files.beginning(attempt, fresh, false);
    if (beginning.kind === 'set-up') await setUp(fresh);
    else note(await files.restore(attempt.place, fresh, beginning));
  });
  return { sandbox, isNew };
}
