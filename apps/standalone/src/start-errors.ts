import { Fault } from '@runledger/kernel';

/** The address to listen on cannot be had. */
export class CannotListenError extends Fault {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    super('CANNOT_LISTEN', `${whyNot(host, port, cause)} Set PORT (0 takes a free one) or HOST.`, {
      cause,
      fields: { host, port },
    });
  }
}

function whyNot(host: string, port: number, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is in use by another program.`;
    case 'EACCES':
      return `Port ${port} of ${host} is not open to this user.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine.`;
    default:
      return `Listening on port ${port} of ${host} failed: ${message}.`;
  }
}

/** The PostgreSQL that the operator named does not answer, or does not let us in. */
export class DatabaseUnusableError extends Fault {
  constructor(databaseUrl: string, cause: unknown) {
    const where = withoutSecrets(databaseUrl);
    const { code, message } = cause as NodeJS.ErrnoException;
    super(
      'DATABASE_UNUSABLE',
      `The PostgreSQL at ${where} cannot be used: ${message || code}. ` +
        'Correct DATABASE_URL, or leave it out to use the embedded PostgreSQL.',
      { cause, fields: { where } },
    );
  }
}

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

function withoutSecrets(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'DATABASE_URL';
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}
