import { Fault } from '@runledger/kernel';

/** The EventStoreDB that the operator named does not answer, or does not let us in. */
export class EventStoreUnusableError extends Fault {
  constructor(connectionString: string, cause: unknown) {
    const where = /(?:@|:\/\/)([^@/?]+)(?:[/?]|$)/.exec(connectionString)?.[1] ?? 'EVENTSTOREDB_URL';
    super(
      'EVENT_STORE_UNUSABLE',
      `The EventStoreDB at ${where} cannot be used: ${(cause as Error).message} ` +
        'Start it, or correct EVENTSTOREDB_URL, EVENTSTOREDB_USER and EVENTSTOREDB_PASSWORD.',
      { cause, fields: { where } },
    );
  }
}

/** The file that KAFKA_TLS_CA names cannot be read. */
export class KafkaCertificatesError extends Fault {
  constructor(path: string, cause: Error) {
    super(
      'KAFKA_CERTIFICATES',
      `The certificates of KAFKA_TLS_CA cannot be read: ${cause.message}. Correct the path.`,
      {
        cause,
        fields: { path },
      },
    );
  }
}
