import type { SchemaHistory } from '@runledger/event-store';
import { vaultTable } from '@runledger/platform';

/** The approval service's own schema: the secrets of the channels on which people are told things. */
export const APPROVAL_SCHEMA: SchemaHistory = {
  schema: 'approval',
  migrations: [{ name: '0001-vault', sql: vaultTable('approval.vault') }],
};
