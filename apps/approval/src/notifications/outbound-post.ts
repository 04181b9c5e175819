import { lookup } from 'node:dns/promises';
import { request as overHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { AddressRules } from '@runledger/platform';
import { DeliveryError } from './delivery-errors.js';

const ANSWERS_WITHIN_MS = 10_000;
/** Of an answer nothing is wanted but its status. */
const MOST_ANSWER_BYTES = 65_536;

export interface Posted {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Answers with every address of a name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

const systemLookup: Lookup = async host => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Posts to addresses that members of a workspace chose, and lets none of them lead to this platform's own network: the name is
 * looked up once, what it leads to is checked, and that very address is connected to. Redirects are not followed.
 */
export class OutboundPost {
  readonly #rules: AddressRules;

  /** `privateNetworks`: what the operator opens although it is not public; only there plain http will do. */
  constructor(
    private readonly privateNetworks: readonly string[] = [],
    private readonly addressesOf: Lookup = systemLookup,
  ) {
    this.#rules = new AddressRules(privateNetworks);
  }

  /** Why messages cannot be sent to an address as it is written; undefined: they can, if its name leads somewhere allowed. */
  objectionTo(url: string): string | undefined {
    if (!URL.canParse(url)) return 'It is no address.';
    const { protocol, username, password, hostname } = new URL(url);
    if (protocol !== 'https:' && !(protocol === 'http:' && this.privateNetworks.length > 0)) {
      return 'It does not begin with https://.';
    }
    if (username !== '' || password !== '') return 'It holds a name or a password, which would be shown with it.';
    const host = plainHost(hostname);
    return isIP(host) === 0 ? undefined : this.#rules.objectionTo(host);
  }

  /** Throws {@link DeliveryError}. */
  async post(address: string, headers: Readonly<Record<string, string>>, body: string): Promise<Posted> {
    const objection = this.objectionTo(address);
    if (objection !== undefined) throw new DeliveryError('ADDRESS_REFUSED', objection, { final: true });
    const url = new URL(address);
    const checked = await this.#checkedAddress(url);
    try {
      return await send(url, { checked, headers, body });
    } catch (cause) {
      if (cause instanceof DeliveryError) throw cause;
      const code = (cause as NodeJS.ErrnoException).code ?? 'NO_ANSWER';
      throw new DeliveryError('UNREACHABLE', `${url.host} could not be reached (${code}).`, { cause });
    }
  }

  async #checkedAddress({ hostname, protocol, host }: URL): Promise<string> {
    const name = plainHost(hostname);
    const found = isIP(name) === 0 ? await this.addressesOf(name).catch(() => []) : [name];
    if (found.length === 0) throw new DeliveryError('UNREACHABLE', `The name ${host} has no address.`);
    const objections = found.map(address => this.#rules.objectionTo(address));
    const good = found.find((_address, index) => objections[index] === undefined);
    if (good === undefined) {
      throw new DeliveryError('ADDRESS_REFUSED', `${host} leads to where nothing is sent: ${objections[0] ?? ''}.`, {
        final: true,
      });
    }
    if (protocol === 'http:' && new AddressRules().objectionTo(good) === undefined) {
      throw new DeliveryError('ADDRESS_REFUSED', `${host} is on the internet and takes https:// only.`, {
        final: true,
      });
    }
    return good;
  }
}

interface Sending {
  readonly checked: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function send(url: URL, { checked, headers, body }: Sending): Promise<Posted> {
  const pinned: LookupFunction = (_name, options, reply) => {
    const family = isIP(checked);
    if (options.all) reply(null, [{ address: checked, family }]);
    else reply(null, checked, family);
  };
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const options = {
    ...{ method: 'POST', lookup: pinned, signal, agent: false as const },
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? overHttps : overHttp)(url, options, answer => {
      drained(answer).then(resolve, reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Reads the answer away, up to a bound; its body is of no interest. */
async function drained(answer: IncomingMessage): Promise<Posted> {
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_ANSWER_BYTES) break;
  }
  answer.destroy();
  return { status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] };
}

function plainHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
