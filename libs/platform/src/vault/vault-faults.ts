import { Fault } from '@runledger/kernel';

/** A master key cannot be used: it is not 32 bytes, or its file cannot be read or made. */
export class VaultKeyError extends Fault {
  constructor(what: string, cause?: unknown) {
    super('VAULT_KEY', `${what} Give 32 bytes in hex, or restore the file from a backup.`, { cause });
  }
}

/** A secret cannot be opened: its key is gone, or what is stored was changed or moved. */
export class UnsealableSecretError extends Fault {
  constructor(name: string, keyId: string, cause?: unknown) {
    super(
      'UNSEALABLE_SECRET',
      `The secret ${name} cannot be opened with the keys of this vault (it wants key ${keyId}). Was the database restored without its key file? Restore the key, or connect the integration anew.`,
      { cause, fields: { name, keyId } },
    );
  }
}
