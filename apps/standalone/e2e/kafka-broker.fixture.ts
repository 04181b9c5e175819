/** A real Apache Kafka in a process of its own. `infra` is no package of the workspace: what the specs use of it stands here. */
export interface KafkaBroker {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

interface Infra {
  /** Without a folder its data goes away with it. */
  readonly startKafka: () => Promise<KafkaBroker>;
}

export async function startBroker(): Promise<KafkaBroker> {
  const infra = new URL('../../../infra/kafka/start-kafka.mjs', import.meta.url);
  return ((await import(infra.href)) as Infra).startKafka();
}
