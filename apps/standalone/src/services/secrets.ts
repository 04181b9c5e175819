import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandCallers, commandSenders, maySend } from '@runledger/contracts';
import type { CommandSender, ServiceName } from '@runledger/contracts';
import {
  makeServiceKeys,
  openSecretBytes,
  readPublicKeys,
  readSigningKey,
  ServiceTokenCheck,
  ServiceTokenSigner,
} from '@runledger/platform';

const PEPPER = 'pepper';
const EXPORT_CURSORS = 'export-cursors';
const AUDIT_SIGNING = 'audit-signing';
const VAULT_KEY = 'vault.key';

/**
 * Makes those of an installation's secrets that are missing: `pepper` for the gateway, `export-cursors` and `audit-signing` for
 * audit, `vault.key` for the sandbox service, a `.key` for each service that sends commands, and its `.pub`, which is none, for those who answer them.
 */
export async function makeSecrets(folder: string): Promise<void> {
  await gatewayPepper(folder);
  await exportCursorKey(folder);
  await auditSigning(folder);
  await openSecretBytes(join(folder, VAULT_KEY));
  await makeServiceKeys(folder, commandSenders);
}

export function gatewayPepper(folder: string): Promise<Buffer> {
  return openSecretBytes(join(folder, PEPPER));
}

export function exportCursorKey(folder: string): Promise<Buffer> {
  return openSecretBytes(join(folder, EXPORT_CURSORS));
}

/** The key that signs checkpoints of the log, and the one before it, which hands over. */
export interface AuditSigning {
  readonly signingSeed: Buffer;
  readonly previousSeed: Buffer | undefined;
}

export async function auditSigning(folder: string): Promise<AuditSigning> {
  const file = join(folder, AUDIT_SIGNING);
  const previous = `${file}.previous`;
  return {
    signingSeed: await openSecretBytes(file),
    previousSeed: existsSync(previous) ? await openSecretBytes(previous) : undefined,
  };
}

/** What a service signs its commands with. */
export async function senderSigner(folder: string, sender: CommandSender): Promise<ServiceTokenSigner> {
  return new ServiceTokenSigner(sender, await readSigningKey(folder, sender));
}

/** What a service that answers commands knows its callers by. */
export async function callerCheck(folder: string, service: ServiceName): Promise<ServiceTokenCheck> {
  const callers = commandCallers[service];
  return new ServiceTokenCheck({ callers, allows: maySend, keys: await readPublicKeys(folder, callers) });
}
