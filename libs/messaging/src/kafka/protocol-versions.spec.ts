import { KAFKA_4_VERSIONS } from './kafka-4-versions.fixture.js';
import { clientVersions, keyOf, unspoken } from './protocol-versions.fixture.js';

const HIGHEST_OF_ANY = 20;

function brokerThatBeginsWith(lowest: Readonly<Record<string, number>>) {
  return new Map(Object.entries(lowest).map(([name, min]) => [keyOf(name), { min, max: HIGHEST_OF_ANY }]));
}

const kafka4 = Object.fromEntries(Object.entries(KAFKA_4_VERSIONS).map(([name, { lowest }]) => [name, lowest]));

describe('the Kafka client, which is not maintained any more', () => {
  it.each(Object.entries(KAFKA_4_VERSIONS))(
    'speaks %s in a version that Kafka 4 understands',
    (name, { client, lowest }) => {
      expect(clientVersions()[name]).toBe(client);
      expect(client).toBeGreaterThanOrEqual(lowest);
    },
  );

  it('knows no other API', () => {
    expect(Object.keys(clientVersions()).sort()).toEqual(Object.keys(KAFKA_4_VERSIONS).sort());
    expect(unspoken(brokerThatBeginsWith(kafka4))).toEqual([]);
  });

  it('is found out when a broker begins above it, or has dropped an API', () => {
    const { DeleteAcls: _, ...dropped } = kafka4;
    expect(unspoken(brokerThatBeginsWith({ ...dropped, Fetch: 12 }))).toEqual([
      'Fetch: asks version 11, the broker begins with 12',
      'DeleteAcls: the broker does not have it',
    ]);
  });
});
