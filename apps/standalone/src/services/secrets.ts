import { join } from 'node:path';
import { commandCallers, commandSenders } from '@runledger/contracts';
import type { ServiceName } from '@runledger/contracts';
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

/**
 * Makes those of an installation's secrets that are missing: `pepper` and `gateway.key` for the gateway, `export-cursors` for audit,
 * and `gateway.pub`, which is none, for all who answer commands.
 */
export async function makeSecrets(folder: string): Promise<void> {
  await gatewayPepper(folder);
  await exportCursorKey(folder);
  await makeServiceKeys(folder, commandSenders);
}

export function gatewayPepper(folder: string): Promise<Buffer> {
  return openSecretBytes(join(folder, PEPPER));
}

export function exportCursorKey(folder: string): Promise<Buffer> {
  return openSecretBytes(join(folder, EXPORT_CURSORS));
}

/** What the gateway signs its commands with. */
export async function gatewaySigner(folder: string): Promise<ServiceTokenSigner> {
  return new ServiceTokenSigner('gateway', await readSigningKey(folder, 'gateway'));
}

/** What a service that answers commands knows its callers by. */
export async function callerCheck(folder: string, service: ServiceName): Promise<ServiceTokenCheck> {
  const callers = commandCallers[service];
  return new ServiceTokenCheck({ callers, keys: await readPublicKeys(folder, commandSenders) });
}
