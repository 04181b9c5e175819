import type { ProfileDefinition } from '@runledger/contracts';
import { isAddressRange } from '@runledger/platform';
import { EgressPolicy, egressRulesOf } from './egress-policy.js';

/** What names lead to in these specs. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'api.example.com': ['93.184.216.34'],
  'a.example.com': ['93.184.216.34'],
  'example.com': ['93.184.216.34'],
  'metadata.example.com': ['169.254.169.254'],
  'inside.example.com': ['10.1.2.3'],
  'rebinding.example.com': ['127.0.0.1', '93.184.216.34'],
};

function policy(hosts: readonly string[], privateNetworks: readonly string[] = []) {
  const lookup = (host: string) => {
    const found = NAMES[host];
    return found ? Promise.resolve(found) : Promise.reject(new Error('ENOTFOUND'));
  };
  return new EgressPolicy({ hosts, privateNetworks }, lookup);
}

const NOT_LISTED = { allowed: false, reason: 'it is not on the list of the sandbox profile' };

describe('what may be reached from a sandbox', () => {
  it('is a listed host on the ports of the web, by the address that was checked', async () => {
    const listed = policy(['api.example.com']);
    for (const host of ['api.example.com', 'API.example.com', 'api.example.com.']) {
      expect(await listed.verdictOn({ host, port: 443 })).toEqual({ allowed: true, address: '93.184.216.34' });
    }
    expect(await listed.verdictOn({ host: 'api.example.com', port: 22 })).toEqual(NOT_LISTED);
    expect(await listed.verdictOn({ host: 'example.com', port: 443 })).toEqual(NOT_LISTED);
    expect(await policy([]).verdictOn({ host: 'example.com', port: 443 })).toEqual(NOT_LISTED);
  });

  it('is the listed name as a whole, and none that only ends like it', async () => {
    const listed = policy(['api.example.com', '93.184.216.34']);
    for (const host of ['xpi.example.com', 'evil-api.example.com', 'x.api.example.com', '193.184.216.34']) {
      expect(await listed.verdictOn({ host, port: 443 })).toEqual(NOT_LISTED);
    }
  });

  it('is what a pattern names: names below, or a port', async () => {
    const listed = policy(['*.example.com', 'example.com:8443']);
    for (const host of ['api.example.com', 'a.example.com']) {
      expect(await listed.verdictOn({ host, port: 80 })).toMatchObject({ allowed: true });
    }
    expect(await listed.verdictOn({ host: 'example.com', port: 443 })).toEqual(NOT_LISTED);
    expect(await listed.verdictOn({ host: 'example.com', port: 8443 })).toMatchObject({ allowed: true });
    for (const host of ['evilexample.com', 'example.com.evil.net', '.example.com']) {
      expect(await listed.verdictOn({ host, port: 443 })).toEqual(NOT_LISTED);
    }
  });

  it('is no name that nobody knows', async () => {
    const verdict = await policy(['nowhere.example']).verdictOn({ host: 'nowhere.example', port: 443 });
    expect(verdict).toEqual({ allowed: false, reason: 'its name has no address' });
  });

  it('is never a private address, even when a listed name leads to it; of several addresses the public one is taken', async () => {
    const listed = policy(['*.example.com']);
    expect(await listed.verdictOn({ host: 'inside.example.com', port: 443 })).toEqual({
      allowed: false,
      reason: '10.1.2.3 is not a public address',
    });
    expect(await listed.verdictOn({ host: 'rebinding.example.com', port: 443 })).toEqual({
      allowed: true,
      address: '93.184.216.34',
    });
  });

  it('may be in a private network that the operator opened, but never a metadata service', async () => {
    const open = policy(['*.example.com', '169.254.169.254'], ['10.1.0.0/16', '169.254.0.0/16']);
    expect(await open.verdictOn({ host: 'inside.example.com', port: 443 })).toEqual({
      allowed: true,
      address: '10.1.2.3',
    });
    for (const host of ['metadata.example.com', '169.254.169.254']) {
      expect(await open.verdictOn({ host, port: 80 })).toEqual({
        allowed: false,
        reason: '169.254.169.254 is a metadata or link-local address',
      });
    }
  });

  it.each([
    ...[
      '127.0.0.1',
      '0.0.0.0',
      '10.0.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '100.64.0.1',
      '169.254.169.254',
      '224.0.0.1',
    ],
    ...[
      '255.255.255.255',
      '198.18.0.1',
      '168.63.129.16',
      '192.0.0.192',
      '::1',
      '::',
      'fc00::1',
      'fe80::1',
      'fd00:ec2::254',
    ],
    ...[
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '64:ff9b::a9fe:a9fe',
      '2002:7f00:1::',
      'ff02::1',
      '2001:db8::1',
      '2001::1',
    ],
  ])('is not %s', async address => {
    expect(await policy([]).addressOf(address)).toMatchObject({ allowed: false });
  });

  it('is an IPv6 address with or without its brackets', async () => {
    const allowed = { allowed: true, address: '2606:4700::1111' };
    for (const host of ['[2606:4700::1111]', '2606:4700::1111'])
      expect(await policy([]).addressOf(host)).toEqual(allowed);
    expect(await policy([]).addressOf('[::1]')).toEqual({ allowed: false, reason: '::1 is not a public address' });
  });

  it.each(['93.184.216.34', '1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
    'may be %s',
    async address => {
      expect(await policy([]).addressOf(address)).toEqual({ allowed: true, address });
    },
  );
});

describe('the rules of a sandbox profile', () => {
  const rules = (network: ProfileDefinition['network']) =>
    egressRulesOf({ ...({} as ProfileDefinition), network }, ['10.1.0.0/16']);

  it('name its hosts where it has a list, and none where it has no network, whatever it still lists', () => {
    const hosts = ['api.example.com'];
    const privateNetworks = ['10.1.0.0/16'];
    expect(rules({ mode: 'allowlist', hosts })).toEqual({ hosts, privateNetworks });
    expect(rules({ mode: 'none', hosts })).toEqual({ hosts: [], privateNetworks });
    expect(rules('none')).toEqual({ hosts: [], privateNetworks });
  });
});

describe('a range of addresses', () => {
  it('is an address with as many bits as count', () => {
    expect(['10.0.0.0/8', '127.0.0.1', 'fc00::/7'].map(isAddressRange)).toEqual([true, true, true]);
    expect(['10.0.0.0/33', 'ten', '10.0.0.0/8/1', '', '10.0.0.0/'].map(isAddressRange)).toEqual(Array(5).fill(false));
  });
});
