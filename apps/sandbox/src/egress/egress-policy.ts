import { networkOf } from '@runledger/contracts';
import type { ProfileDefinition } from '@runledger/contracts';
import { AddressRules } from '@runledger/platform';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** What may be reached from a sandbox. Plain data. */
export interface EgressRules {
  /** As the profile writes them: `api.example.com`, `*.example.com`, each with a port or for 80 and 443. Empty: nothing. */
  readonly hosts: readonly string[];
  /** Ranges that are not public and that the operator opens to listed hosts, such as `10.1.0.0/16`. */
  readonly privateNetworks: readonly string[];
}

export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** The address is the one that was checked: who connects uses it and does not look the name up again. */
export type EgressVerdict =
  { readonly allowed: true; readonly address: string } | { readonly allowed: false; readonly reason: string };

/** Answers with every address of a name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

const WEB_PORTS = [80, 443];

const systemLookup: Lookup = async host => (await lookup(host, { all: true })).map(({ address }) => address);

export function egressRulesOf(profile: ProfileDefinition, privateNetworks: readonly string[]): EgressRules {
  const { mode, hosts } = networkOf(profile);
  return { hosts: mode === 'allowlist' ? hosts : [], privateNetworks };
}

/** The one place where it is decided whether something may be reached from a sandbox or on its behalf (S1). */
export class EgressPolicy {
  readonly #addresses: AddressRules;

  constructor(
    private readonly rules: EgressRules,
    private readonly addressesOf: Lookup = systemLookup,
  ) {
    this.#addresses = new AddressRules(rules.privateNetworks);
  }

  /** Looks the name up once. A listed host that leads to an address which is not public is refused all the same. */
  async verdictOn({ host, port }: Destination): Promise<EgressVerdict> {
    const name = plainName(host);
    if (!this.rules.hosts.some(pattern => fits(pattern, { host: name, port }))) {
      return { allowed: false, reason: 'it is not on the list of the sandbox profile' };
    }
    return this.addressOf(name);
  }

  /** The address of a host that need not be on the list. */
  async addressOf(host: string): Promise<EgressVerdict> {
    const addresses = await this.#addressesOf(plainName(host));
    if (addresses.length === 0) return { allowed: false, reason: 'its name has no address' };
    const objections = addresses.map(address => this.#addresses.objectionTo(address));
    const address = addresses.find((_address, index) => objections[index] === undefined);
    if (address !== undefined) return { allowed: true, address };
    return { allowed: false, reason: objections.find(objection => objection !== undefined) ?? '' };
  }

  async #addressesOf(name: string): Promise<readonly string[]> {
    if (isIP(name) !== 0) return [name];
    return this.addressesOf(name).catch(() => []);
  }
}

/** As names are compared: in lower case, without the dot at the end and the brackets of an IPv6 address. */
function plainName(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

/** `*.` stands for one or more names in front; the domain itself is not meant. */
function fits(pattern: string, { host, port }: Destination): boolean {
  const [, name = '', ownPort] = /^(.*?)(?::(\d+))?$/.exec(pattern.toLowerCase()) ?? [];
  if (ownPort === undefined ? !WEB_PORTS.includes(port) : port !== Number(ownPort)) return false;
  return name.startsWith('*.') ? host.length > name.length - 1 && host.endsWith(name.slice(1)) : host === name;
}
