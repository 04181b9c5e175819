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

function withoutSecrets(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'DATABASE_URL';
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}
