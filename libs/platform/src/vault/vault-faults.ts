import { Fault } from '@runledger/kernel';

/** A master key cannot be used: it is not 32 bytes, or its file cannot be read or made. */
export class VaultKeyError extends Fault {
  constructor(what: string, cause?: unknown) {
    super('VAULT_KEY', `${what} Give 32 bytes in hex, or restore the file from a backup.`, { cause });
  }
}

/** The file of the keys cannot be changed from here: what mounts it does that. */
export class UnchangeableKeyError extends Fault {
  constructor(file: string, cause: unknown) {
    super(
      'UNCHANGEABLE_VAULT_KEY',
      `${file} cannot be written here, so it gets no new key. Put one (openssl rand -hex 32) into a line before the old one where the file comes ` +
        'from, start the services that have it again, and run this once more; then take the old line away.',
      { cause, fields: { file } },
    );
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
