import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Algorithm byte of Ed25519 in C2SP signed-note. */
const ED25519 = 0x01;
/** DER of a PKCS #8 Ed25519 key, up to its 32 bytes (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX_BYTES = 12;

/** Who signs: an Ed25519 key under a name (C2SP signed-note). */
export class NoteSigner {
  readonly #key: KeyObject;
  readonly #publicKey: Buffer;

  /** `seed`: the 32 secret bytes of the key. */
  constructor(
    readonly name: string,
    seed: Uint8Array,
  ) {
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    this.#publicKey = spki.subarray(SPKI_PREFIX_BYTES);
  }

  /** First four bytes of SHA-256(name, newline, algorithm, public key). */
  get keyId(): Buffer {
    return keyIdOf(this.name, this.#publicKey);
  }

  /** How others are told the key: `<name>+<key id, hex>+<base64 of algorithm and public key>`. */
  get verifierKey(): string {
    const encoded = Buffer.concat([Buffer.of(ED25519), this.#publicKey]).toString('base64');
    return `${this.name}+${this.keyId.toString('hex')}+${encoded}`;
  }

  /** A text of whole lines, and below it the signature over it. */
  sign(text: string): string {
    const signature = sign(null, Buffer.from(text), this.#key);
    return `${text}\n— ${this.name} ${Buffer.concat([this.keyId, signature]).toString('base64')}\n`;
  }
}

function keyIdOf(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(Buffer.of(ED25519)).update(publicKey).digest().subarray(0, 4);
}

/**
 * The text that is signed of a tree, or of the end of a chain (C2SP tlog-checkpoint). `hash` is the root, or the last leaf's;
 * `about`: one line more, which says what else is signed with it.
 */
export function checkpointText(origin: string, size: number, hash: Uint8Array, about?: string): string {
  const lines = [origin, size, Buffer.from(hash).toString('base64'), ...(about === undefined ? [] : [about])];
  return `${lines.join('\n')}\n`;
}
