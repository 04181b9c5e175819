import type { InvalidConfigError } from '@runledger/platform';
import { readStorageConfig } from '@runledger/platform/storage';
import { readStandaloneConfig } from './standalone.config.js';

/** What is said about each variable that cannot be used. */
function problemsOf(environment: Record<string, string>): Record<string, string> {
  try {
    readStorageConfig(environment);
    return {};
  } catch (error) {
    const { problems } = error as InvalidConfigError;
    return Object.fromEntries(problems.map(({ variable, message, fix }) => [variable, `${message}. ${fix}`]));
  }
}

const ESDB = { EVENT_STORE: 'eventstoredb', EVENTSTOREDB_URL: 'esdb://node.internal:2113?tls=false' };
const KAFKA = { DISTRIBUTION: 'kafka', KAFKA_BROKERS: 'one:9092,two:9092' };

describe('where the log is kept', () => {
  it('is PostgreSQL, read directly, unless somebody says otherwise', () => {
    expect(readStorageConfig({})).toEqual({
      migrates: true,
      eventStore: { kind: 'postgres' },
      distribution: { kind: 'store-direct' },
    });
    expect(readStorageConfig({ EVENT_STORE: '', DISTRIBUTION: '' }).eventStore).toEqual({ kind: 'postgres' });
  });

  it('may be EventStoreDB, whose user may stand in the address or beside it', () => {
    const connectionString = 'esdb://ada:s%40cret@node.internal:2113?tlsCAFile=/ca.pem';
    expect(readStorageConfig({ ...ESDB, EVENTSTOREDB_URL: connectionString }).eventStore).toEqual({
      kind: 'eventstoredb',
      connectionString,
    });
    const beside = { EVENTSTOREDB_USER: 'ada', EVENTSTOREDB_PASSWORD: 's@cret' };
    expect(
      readStorageConfig({ ...ESDB, EVENTSTOREDB_URL: 'esdb://node.internal:2113?tlsCAFile=/ca.pem', ...beside })
        .eventStore,
    ).toEqual({ kind: 'eventstoredb', connectionString });
  });

  it('is not guessed: an address, a user over TLS and a whole pair are asked for, and what to set is said', () => {
    expect(problemsOf({ EVENT_STORE: 'eventstoredb' })['EVENTSTOREDB_URL']).toMatch(
      /^is not set, but EVENT_STORE is eventstoredb\. Set it to esdb:.* or leave EVENT_STORE out to keep the log in PostgreSQL\.$/,
    );
    expect(problemsOf({ ...ESDB, EVENTSTOREDB_URL: 'esdb://node.internal:2113' })).toEqual({
      EVENTSTOREDB_USER: expect.stringContaining('or add ?tls=false to the address') as string,
    });
    expect(Object.keys(problemsOf({ ...ESDB, EVENTSTOREDB_USER: 'ada' }))).toEqual(['EVENTSTOREDB_PASSWORD']);
    expect(Object.keys(problemsOf({ ...ESDB, EVENTSTOREDB_PASSWORD: 'x' }))).toEqual(['EVENTSTOREDB_USER']);
    const twice = { EVENTSTOREDB_URL: 'esdb://ada:x@node:2113', EVENTSTOREDB_USER: 'eve', EVENTSTOREDB_PASSWORD: 'y' };
    expect(problemsOf({ ...ESDB, ...twice })).toEqual({
      EVENTSTOREDB_USER: 'is set, but EVENTSTOREDB_URL names a user already. Leave one of the two out.',
    });
    expect(Object.keys(problemsOf({ EVENT_STORE: 'oracle' }))).toEqual(['EVENT_STORE']);
    expect(Object.keys(problemsOf({ ...ESDB, EVENTSTOREDB_URL: 'http://node:2113' }))).toEqual(['EVENTSTOREDB_URL']);
  });
});

describe('the tables', () => {
  it('are brought up to date at the start, unless another process does that', () => {
    expect(readStorageConfig({}).migrates).toBe(true);
    expect(readStorageConfig({ MIGRATE: 'off' }).migrates).toBe(false);
    expect(Object.keys(problemsOf({ MIGRATE: 'no' }))).toEqual(['MIGRATE']);
  });
});

describe('how events reach those who follow the log', () => {
  it('may be Kafka, with TLS and a user', () => {
    expect(readStorageConfig(KAFKA).distribution).toEqual({
      kind: 'kafka',
      brokers: ['one:9092', 'two:9092'],
      topic: 'runledger-events',
      replicationFactor: 1,
    });
    const secured = { KAFKA_TLS: 'on', KAFKA_TLS_CA: '/ca.pem', KAFKA_SASL: 'scram-sha-512' };
    const user = { KAFKA_USER: 'ada', KAFKA_PASSWORD: 'secret' };
    const more = { KAFKA_TOPIC: 'acme.events', KAFKA_REPLICATION: '3' };
    expect(readStorageConfig({ ...KAFKA, ...secured, ...user, ...more }).distribution).toMatchObject({
      topic: 'acme.events',
      replicationFactor: 3,
      tls: { caFile: '/ca.pem' },
      sasl: { mechanism: 'scram-sha-512', username: 'ada', password: 'secret' },
    });
    expect(readStorageConfig({ ...KAFKA, KAFKA_TLS: 'on' }).distribution).toMatchObject({ tls: {} });
  });

  it('is not guessed either', () => {
    expect(problemsOf({ DISTRIBUTION: 'kafka' })['KAFKA_BROKERS']).toContain('or leave DISTRIBUTION out');
    expect(Object.keys(problemsOf({ ...KAFKA, KAFKA_SASL: 'plain' }))).toEqual(['KAFKA_USER', 'KAFKA_PASSWORD']);
    expect(Object.keys(problemsOf({ ...KAFKA, KAFKA_USER: 'ada' }))).toEqual(['KAFKA_SASL']);
    expect(Object.keys(problemsOf({ ...KAFKA, KAFKA_TLS_CA: '/ca.pem' }))).toEqual(['KAFKA_TLS_CA']);
    expect(Object.keys(problemsOf({ ...KAFKA, KAFKA_BROKERS: 'no-port' }))).toEqual(['KAFKA_BROKERS']);
  });
});

it('problems of the storage are told together with all others, and without what was given', () => {
  const given = { PORT: '-1', EVENT_STORE: 'eventstoredb', EVENTSTOREDB_PASSWORD: 'hunter2' };
  const read = () => readStandaloneConfig(given);
  expect(read).toThrow(/PORT: [^]*EVENTSTOREDB_URL: is not set/);
  expect(read).not.toThrow(/hunter2/);
});

describe('where blobs are kept', () => {
  const S3 = { BLOBS_S3_BUCKET: 'runledger', BLOBS_S3_ENDPOINT: 'http://store.internal:9000' };

  it('is the data directory, unless a bucket is named', () => {
    expect(readStorageConfig({}).blobs).toBeUndefined();
    const keys = { BLOBS_S3_ACCESS_KEY_ID: 'id', BLOBS_S3_SECRET_ACCESS_KEY: 'secret' };
    expect(readStorageConfig({ ...S3, ...keys, BLOBS_S3_PREFIX: 'a/' }).blobs).toEqual({
      kind: 's3',
      bucket: 'runledger',
      prefix: 'a/',
      region: 'us-east-1',
      endpoint: 'http://store.internal:9000',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      pathStyle: true,
    });
    expect(readStorageConfig({ BLOBS_S3_BUCKET: 'runledger' }).blobs).toMatchObject({ pathStyle: false });
  });

  it('is told with half of what it needs missing', () => {
    expect(problemsOf({ BLOBS_S3_ENDPOINT: 'http://store.internal:9000' })).toHaveProperty('BLOBS_S3_BUCKET');
    expect(problemsOf({ ...S3, BLOBS_S3_ACCESS_KEY_ID: 'id' })).toHaveProperty('BLOBS_S3_SECRET_ACCESS_KEY');
  });
});
