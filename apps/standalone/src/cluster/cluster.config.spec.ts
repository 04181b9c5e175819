import { InvalidConfigError } from '@runledger/platform';
import { readClusterConfig, seatEnvironment } from './cluster.config.js';
import type { Seat } from './cluster.config.js';

const environment = { RUNLEDGER_HOME: '/srv/runledger', ANTHROPIC_API_KEY: 'very-quiet', PATH: '/bin' };
const replicasOf = (option: string, more: Record<string, string> = {}) =>
  readClusterConfig(option === '' ? [] : ['--replicas', option], { ...environment, ...more }).replicas;

describe('the replicas of a cluster', () => {
  it('are one of each service, unless more are asked for', () => {
    const one = { gateway: 1, orchestrator: 1, sandbox: 1, approval: 1, billing: 1, audit: 1, relay: 0 };
    expect(replicasOf('')).toEqual(one);
    expect(replicasOf('orchestrator=2,sandbox=3')).toEqual({ ...one, orchestrator: 2, sandbox: 3 });
  });

  it('have a relay only where there is something to relay to', () => {
    const kafka = { DISTRIBUTION: 'kafka', KAFKA_BROKERS: '127.0.0.1:9092' };
    expect(replicasOf('relay=2').relay).toBe(0);
    expect(replicasOf('', kafka).relay).toBe(1);
    expect(replicasOf('relay=2', kafka).relay).toBe(2);
  });

  it.each(['orchestrator', 'orchestrator=0', 'orchestrator=33', 'orchestra=2', 'sandbox=2;audit=2'])(
    'are refused as %s, with how to write them',
    option => {
      expect(() => replicasOf(option)).toThrow(InvalidConfigError);
      expect(() => replicasOf(option)).toThrow(/Write it like --replicas orchestrator=2,sandbox=2/);
    },
  );
});

describe('the environment of a process of a cluster', () => {
  const seats: Seat[] = [
    { service: 'orchestrator', number: 1, internalPort: 21_001 },
    { service: 'orchestrator', number: 2, internalPort: 21_002 },
    { service: 'sandbox', number: 2, internalPort: 21_003 },
    { service: 'gateway', number: 1, internalPort: 21_004, apiPort: 4_000 },
  ];
  const config = readClusterConfig([], environment);
  const of = (index: number, more: Record<string, string> = {}) =>
    seatEnvironment(
      seats[index]!,
      { config, seats, databaseUrl: 'postgres://a:b@127.0.0.1:5432/c' },
      { ...environment, ...more },
    );

  it('says where it listens and where everybody else is', () => {
    expect(of(3)).toMatchObject({
      PORT: '4000',
      INTERNAL_PORT: '21004',
      REPLICA: '1',
      ORCHESTRATOR_URLS: 'http://127.0.0.1:21001,http://127.0.0.1:21002',
      SANDBOX_URLS: 'http://127.0.0.1:21003',
      PATH: '/bin',
    });
  });

  it('gives each sandbox replica a home of its own', () => {
    expect(of(2)['SANDBOX_HOME']).toBe('/srv/runledger/sandboxes/2');
  });

  it('holds keys of model providers for the sandbox service alone; the orchestrator hears which there are', () => {
    expect(of(2)['ANTHROPIC_API_KEY']).toBe('very-quiet');
    for (const index of [0, 1, 3]) expect(JSON.stringify(of(index))).not.toContain('very-quiet');
    expect(of(0)['CONNECTED_PROVIDERS']).toBe('scripted,anthropic');
  });

  it('leaves out files of what it says itself', () => {
    const { DATABASE_URL, DATABASE_URL_FILE } = of(0, { DATABASE_URL_FILE: '/run/secrets/database-url' });
    expect([DATABASE_URL, DATABASE_URL_FILE]).toEqual(['postgres://a:b@127.0.0.1:5432/c', undefined]);
  });
});
