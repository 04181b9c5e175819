import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '@runledger/event-store';
import { newUuid } from '@runledger/event-store';
import type { AccessDesk } from '@runledger/gateway';
import { systemClock } from '@runledger/platform';

/** The owner of the first workspace, and what lets them in. */
export interface OwnerAccess {
  readonly workspaceId: string;
  readonly memberId: string;
  readonly token: string;
  /** True when this home folder was used for the first time. */
  readonly isNew: boolean;
}

/** The owner's token lies in the home folder, for its owner alone; a lost one is replaced. */
export async function ownerAccess(desk: AccessDesk, home: string): Promise<OwnerAccess> {
  const file = join(home, 'token');
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const owner = await desk.bootstrapWorkspace({ freshToken: kept === undefined });
  const token = owner.token ?? kept?.trim() ?? '';
  if (owner.token !== undefined) await writeFile(file, `${owner.token}\n`, { mode: 0o600 });
  return { workspaceId: owner.workspaceId, memberId: owner.memberId, token, isNew: kept === undefined };
}

/** What is set up at a start is the owner's doing. */
export function ownersContext({ workspaceId, memberId }: OwnerAccess): CommandContext {
  const commandId = newUuid();
  return {
    commandId,
    workspaceId,
    actor: { kind: 'member', id: memberId, name: 'Owner', via: 'setup' },
    occurredAt: systemClock.now(),
    correlationId: commandId,
  };
}
