import { AuditKeyChanged, catalogue, INSTALLATION } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { NoteSigner } from './signed-note.js';

const STREAM = { tenant: INSTALLATION, name: 'audit-keys' };
const AUDIT = { kind: 'service', id: 'audit' } as const;

/** A key that signs checkpoints, and the statement with which the key before it handed over to it. */
export interface SigningKey {
  /** C2SP signed-note. */
  readonly key: string;
  readonly statement?: string;
}

/** The log was signed with a key that is not at hand, so nobody can hand over to the one that is. */
export class UnknownSigningKeyError extends Fault {
  constructor(last: string, given: string) {
    super(
      'UNKNOWN_SIGNING_KEY',
      `The log was signed with ${last}, and the key at hand is ${given}. Put the file "audit-signing" of before back; or, to change keys, put it beside the new one as "audit-signing.previous".`,
      { fields: { last, given } },
    );
  }
}

export interface SigningKeyParts {
  readonly store: EventStore;
  readonly signer: NoteSigner;
  /** Who signed before, when the key was changed. */
  readonly previous?: NoteSigner;
  readonly now: () => string;
}

/**
 * The keys with which this log was and is signed, oldest first. A change is an entry of the log itself, signed by the key before:
 * whoever trusts that one can follow, and whoever steals the disk cannot go over to a key of their own.
 */
export class SigningKeys {
  #known: readonly SigningKey[] = [];

  constructor(private readonly parts: SigningKeyParts) {}

  /** Writes the key at hand into the log, unless it is there. Throws {@link UnknownSigningKeyError}. */
  async announce(): Promise<void> {
    const { signer, store } = this.parts;
    const key = signer.verifierKey;
    for (;;) {
      const known = await this.#stored();
      if (known.some(one => one.key === key) && known.at(-1)?.key !== key) throw this.#unknown(known);
      if (known.at(-1)?.key === key) return;
      const event = this.#changed(known);
      const expected = known.length === 0 ? 'no-stream' : known.length - 1;
      const { status } = await store.append(STREAM, [event], expected);
      // Another process was first: what it wrote is looked at.
      if (status === 'deleted') throw this.#unknown(known);
    }
  }

  async all(): Promise<readonly SigningKey[]> {
    if (this.#known.at(-1)?.key !== this.parts.signer.verifierKey) this.#known = await this.#stored();
    return this.#known;
  }

  #changed(known: readonly SigningKey[]) {
    const { signer, previous, now } = this.parts;
    const key = signer.verifierKey;
    const last = known.at(-1)?.key;
    if (last !== undefined && previous?.verifierKey !== last) throw this.#unknown(known);
    const statement = last === undefined ? undefined : previous?.sign(`runledger key change\n${key}\n`);
    const changedAt = now();
    const data = { key, ...(statement === undefined ? {} : { statement }), changedAt };
    const { version: schemaVersion } = AuditKeyChanged;
    const story = { correlationId: STREAM.name, causationId: STREAM.name, workspaceId: INSTALLATION };
    const metadata = { ...story, actor: AUDIT, occurredAt: changedAt, schemaVersion };
    return { ...AuditKeyChanged(data), id: derivedId(key, STREAM.name, known.length), metadata };
  }

  async #stored(): Promise<SigningKey[]> {
    const { events } = await this.parts.store.readStream(STREAM);
    return events.map(({ type, metadata, data }) => {
      const { key, statement } = AuditKeyChanged.schema.parse(catalogue.upcast(type, metadata.schemaVersion, data));
      return { key, ...(statement === undefined ? {} : { statement }) };
    });
  }

  #unknown(known: readonly SigningKey[]): UnknownSigningKeyError {
    return new UnknownSigningKeyError(known.at(-1)?.key ?? '-', this.parts.signer.verifierKey);
  }
}
