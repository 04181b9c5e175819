/** `infra` is no package of the workspace: what the specs use of it is written down here. */
export interface TestBroker {
  readonly brokers: string[];
  readonly port: number;
  stop(): Promise<void>;
}

interface Infra {
  readonly startKafka: (options: { readonly dataDir: string; readonly port?: number }) => Promise<TestBroker>;
  readonly missingForKafka: () => string[];
}

const infra = new URL('../../../../infra/kafka/', import.meta.url);
const { startKafka } = (await import(new URL('start-kafka.mjs', infra).href)) as Pick<Infra, 'startKafka'>;
const { missingForKafka } = (await import(new URL('fetch-kafka.mjs', infra).href)) as Pick<Infra, 'missingForKafka'>;

export { missingForKafka, startKafka };
