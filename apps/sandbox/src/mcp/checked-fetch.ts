import type { EgressPolicy } from '../egress/egress-policy.js';
import { isForeignPort } from '../egress/foreign-ports.js';
import { pinnedClient } from '../egress/pinned-client.js';
import type { HttpFetch } from '../http/http-client.js';

/** Connections to one address that was checked; nothing else is reached with it, also not by a redirect. */
export interface CheckedFetch {
  readonly fetch: HttpFetch;
  /** Ends what is under way as well. */
  close(): void;
}

/** Undefined with a reason: the name leads to where nothing may connect. The host need not be on the list of the profile. */
export async function checkedFetch(
  address: string,
  policy: EgressPolicy,
): Promise<CheckedFetch | { readonly refused: string }> {
  const { hostname, origin, port } = new URL(address);
  if (isForeignPort(Number(port))) return { refused: `port ${port} is for something else than HTTP` };
  const verdict = await policy.addressOf(hostname);
  if (!verdict.allowed) return { refused: verdict.reason };
  const client = pinnedClient(verdict);
  const fetch: HttpFetch = (asked, init) => {
    const url = new URL(asked);
    if (url.origin !== origin) return Promise.reject(new TypeError(`${url.origin} is not ${origin}.`));
    return client.fetch(url, { ...init, redirect: 'error' });
  };
  return { fetch, close: () => client.close() };
}
