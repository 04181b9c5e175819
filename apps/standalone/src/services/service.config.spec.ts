import { InvalidConfigError } from '@runledger/platform';
import { deployedService, readServiceConfig } from './service.config.js';

const environment = { DATABASE_URL: 'postgres://a:very-quiet@127.0.0.1:5432/c', RUNLEDGER_HOME: '/srv/runledger' };
const addresses = {
  ORCHESTRATOR_URLS: 'http://one:4100,http://two:4100',
  SANDBOX_URLS: 'http://sandbox:4100',
  APPROVAL_URLS: 'http://approval:4100',
  BILLING_URLS: 'http://billing:4100',
  AUDIT_URLS: 'https://audit',
};

describe('the settings of one service', () => {
  it('are a database and little else', () => {
    expect(readServiceConfig('billing', environment)).toMatchObject({
      service: 'billing',
      internal: { host: '127.0.0.1', port: 4_100 },
      home: '/srv/runledger',
      secretsDir: '/srv/runledger',
      sandboxHome: '/srv/runledger/sandboxes',
    });
  });

  it('tell the gateway where everybody is', () => {
    expect(readServiceConfig('gateway', { ...environment, ...addresses }).addresses).toMatchObject({
      orchestrator: ['http://one:4100', 'http://two:4100'],
      audit: ['https://audit'],
    });
  });

  it('that lack something are refused, each variable by name, without its value', () => {
    const problems = (more: Record<string, string>) => {
      try {
        readServiceConfig('gateway', { ...environment, ...more });
      } catch (error) {
        if (error instanceof InvalidConfigError) return error.message;
      }
      return 'none';
    };
    expect(problems({})).toMatch(/ORCHESTRATOR_URLS: is not set\. Set it to http:\/\/host:port[^]*AUDIT_URLS/);
    expect(problems({ ...addresses, SANDBOX_URLS: 'sandbox:4100' })).toMatch(/^ {2}SANDBOX_URLS: /m);
    expect(problems({ DATABASE_URL: '' })).toMatch(/DATABASE_URL: is not set/);
    expect(problems({})).not.toMatch(/very-quiet/);
    expect(problems(addresses)).toBe('none');
  });

  it('are those of a service that there is', () => {
    expect([deployedService('relay'), deployedService('relais'), deployedService(undefined)]).toEqual([
      'relay',
      undefined,
      undefined,
    ]);
  });
});
