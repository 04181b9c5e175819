import { Fault } from '@runledger/kernel';

/** What was sent may hold a credential, so it is sent to the address that was given and to no other (S1). */
export class RedirectRefusedError extends Fault {
  constructor(
    readonly status: number,
    /** Without its parameters; undefined: it was not said. */
    readonly location: string | undefined,
  ) {
    const where = location === undefined ? 'another address' : location;
    super('REDIRECT_REFUSED', `The address sends those who ask it on to ${where} (${status}), where nothing is sent.`, {
      fields: { status, ...(location !== undefined && { location }) },
    });
  }
}

/** Nobody was reached: looking up the name, connecting and agreeing on keys together took too long. */
export class ConnectTimeoutError extends Fault {
  constructor(host: string, ms: number) {
    super('CONNECT_TIMEOUT', `${host} could not be connected to within ${ms / 1_000} s.`, { fields: { host, ms } });
  }
}

/** A connection on which nothing came for too long. */
export class SilentPeerError extends Fault {
  constructor(host: string, ms: number) {
    super('PEER_SILENT', `${host} said nothing for ${ms / 1_000} s.`, { fields: { host, ms } });
  }
}
