import { BlockList, isIP } from 'node:net';

/** Where clouds keep the credentials of their machines: nobody may allow these. */
const METADATA = [
  '169.254.0.0/16',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fe80::/10',
  'fd00:ec2::/32',
];

/** Everything that is not the public internet (IANA special-purpose registries). */
const NOT_PUBLIC = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
  ...['192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
];

/** `10.1.0.0/16`, or a single address. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

/** Why nothing inside may connect to an address; undefined: it may. */
export class AddressRules {
  readonly #allowed: Ranges;

  /** `privateNetworks`: ranges that are not public and that the operator opens to listed hosts. */
  constructor(privateNetworks: readonly string[] = []) {
    this.#allowed = new Ranges(privateNetworks);
  }

  objectionTo(address: string): string | undefined {
    if (isIP(address) === 0 || address.includes('%')) return `${address} is no address of the internet`;
    const plain = embedded(address) ?? address;
    if (metadata.holds(plain)) return `${address} is a metadata or link-local address`;
    if (this.#allowed.holds(plain)) return undefined;
    return notPublic.holds(plain) ? `${address} is not a public address` : undefined;
  }
}

/** The IPv4 address that an IPv6 address stands for. */
function embedded(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const found = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!found) return undefined;
  const [high, low] = [Number.parseInt(found[1] ?? '', 16), Number.parseInt(found[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Made when an address is first asked for: what is native cannot be part of a program's startup snapshot. */
class Ranges {
  #lists: ReturnType<typeof listsOf> | undefined;

  constructor(private readonly ranges: readonly string[]) {}

  holds(address: string): boolean {
    const family = familyOf(address);
    this.#lists ??= listsOf(this.ranges);
    return this.#lists[family].check(address, family);
  }
}

/** Of one family each: a `BlockList` takes an IPv4 address for the IPv6 address that stands for it. */
function listsOf(ranges: readonly string[]) {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = familyOf(address);
    lists[family].addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return lists;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

const metadata = new Ranges(METADATA);
const notPublic = new Ranges(NOT_PUBLIC);
