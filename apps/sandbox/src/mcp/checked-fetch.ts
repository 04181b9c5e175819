import { fetch } from 'undici';
import type { Agent } from 'undici';
import type { EgressPolicy } from '../egress/egress-policy.js';
import { agentFor } from '../egress/web-page.js';

/** Connections to one address that was checked; nothing else is reached with it, also not by a redirect. */
export interface CheckedFetch {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

/** Undefined with a reason: the name leads to where nothing may connect. The host need not be on the list of the profile. */
export async function checkedFetch(
  address: string,
  policy: EgressPolicy,
): Promise<CheckedFetch | { readonly refused: string }> {
  const { hostname, origin } = new URL(address);
  const verdict = await policy.addressOf(hostname);
  if (!verdict.allowed) return { refused: verdict.reason };
  const agent: Agent = agentFor(verdict);
  const ask = (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) return Promise.reject(new TypeError(`${url.origin} is not ${origin}.`));
    const request = { ...init, dispatcher: agent, redirect: 'error' as const };
    return fetch(url, request as Parameters<typeof fetch>[1]);
  };
  return { fetch: ask as unknown as typeof globalThis.fetch, close: () => agent.destroy() };
}
