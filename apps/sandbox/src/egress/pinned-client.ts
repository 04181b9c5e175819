import { isIP } from 'node:net';
import { HttpClient } from '../http/http-client.js';
import type { EgressVerdict } from './egress-policy.js';

/** Connects to the address that was checked, whatever the name leads to by now (S1), and asks no proxy of this process's environment. */
export function pinnedClient({ address }: Extract<EgressVerdict, { allowed: true }>): HttpClient {
  const family = isIP(address);
  return new HttpClient({
    lookup: (_host, { all }, answer) => {
      if (all) answer(null, [{ address, family }]);
      else answer(null, address, family);
    },
  });
}
