import type { NoteSigner } from './signed-note.js';

/** A key that signs checkpoints, and the statement with which the key before it handed over to it. */
export interface SigningKey {
  /** C2SP signed-note. */
  readonly key: string;
  readonly statement?: string;
}

/** The keys with which this log was and is signed, oldest first. */
export class SigningKeys {
  constructor(private readonly signer: NoteSigner) {}

  all(): Promise<readonly SigningKey[]> {
    return Promise.resolve([{ key: this.signer.verifierKey }]);
  }
}
