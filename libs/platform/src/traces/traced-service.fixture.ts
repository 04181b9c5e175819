import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { CommandHandler, createPostgresEventStore, PostgresCheckpoints } from '@runledger/event-store';
import type { CommandContext, EventStore } from '@runledger/event-store';
import { defineEvent, EventCatalogue } from '@runledger/kernel';
import type { Decider, EventOf } from '@runledger/kernel';
import { ReactorHost, reactionContext } from '@runledger/messaging';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { BlobStore } from '../blobs/index.js';
import { COMMAND_CLIENT } from '../commands/command-client.js';
import type { CommandClient, CommandOutcome, CommandShape } from '../commands/command-client.js';
import { CommandRegistry } from '../commands/command-registry.js';
import { Metrics } from '../metrics/metrics.js';
import { PlatformModule } from '../platform.module.js';
import { recordTraces } from './otlp-traces.js';

const OrderPlaced = defineEvent({ type: 'OrderPlaced', version: 1, schema: z.object({ text: z.string() }) });
const OrderShipped = defineEvent({ type: 'OrderShipped', version: 1, schema: z.object({ text: z.string() }) });
const events = [OrderPlaced, OrderShipped] as const;
type OrderEvent = EventOf<typeof events>;

/** Says yes to everything. */
const order: Decider<OrderEvent, null, OrderEvent, never> = {
  category: 'order',
  events,
  initialState: () => null,
  evolve: () => null,
  decide: event => [event],
};

const command = (service: string, name: string): CommandShape<{ text: string }, Record<string, never>, never> => ({
  service,
  name,
  input: z.object({ text: z.string() }),
  output: z.object({}),
  refusals: [],
});
export const PlaceOrder = command('shop', 'PlaceOrder');
export const ShipOrder = command('depot', 'ShipOrder');

/** A service with a store, a registry and a recorder of its own, as if it were a process of its own. */
export class TracedService {
  readonly exporter = new InMemorySpanExporter();
  readonly metrics = new Metrics();

  private constructor(
    readonly module: TestingModule,
    private readonly store: EventStore,
    parts: { exporter: InMemorySpanExporter; metrics: Metrics },
  ) {
    Object.assign(this, parts);
  }

  static async start(name: string, database: { url: string; pool: Pool }, commands?: CommandClient) {
    const exporter = new InMemorySpanExporter();
    const metrics = new Metrics();
    const store = createPostgresEventStore({ connectionString: database.url, poolSize: 3 });
    const { tracer } = recordTraces(name, new SimpleSpanProcessor({ exporter }));
    const platform = PlatformModule.register({
      store,
      checkpoints: new PostgresCheckpoints(database.pool),
      blobs: {} as BlobStore,
      catalogue: new EventCatalogue([...events]),
      telemetry: { tracer, metrics },
      ...(commands && { commands }),
    });
    const module = await Test.createTestingModule({ imports: [platform] }).compile();
    return new TracedService(module, store, { exporter, metrics });
  }

  /** Answers a command by storing one event of its story. */
  stores(shape: typeof PlaceOrder, type: OrderEvent['type']): void {
    const handler = this.module.get(CommandHandler);
    this.module.get(CommandRegistry).answer(shape, async ({ text }, context) => {
      const outcome = await handler.handle(order, `order-${context.commandId}`, { type, data: { text } }, context);
      if (outcome.status === 'refused') throw new TypeError('Nothing is refused here.');
      return { status: 'accepted', output: {}, position: outcome.position };
    });
  }

  /** Ships whatever was placed, by a command to whoever ships. */
  async shipsOrders(): Promise<void> {
    const client = this.module.get<CommandClient>(COMMAND_CLIENT);
    await this.module.get(ReactorHost).start({
      name: 'depot.shipping',
      types: ['OrderPlaced'],
      react: async event => {
        const actor = { kind: 'service', id: 'depot' } as const;
        const context = reactionContext(event, { reactor: 'depot.shipping', actor, now: new Date().toISOString() });
        await client.send(ShipOrder, event.data as { text: string }, context);
      },
    });
  }

  span(name: string): ReadableSpan {
    const found = this.exporter.getFinishedSpans().find(span => span.name === name);
    if (!found) throw new Error(`No span ${name}; there are ${this.names().join(', ')}.`);
    return found;
  }

  names(): string[] {
    return this.exporter.getFinishedSpans().map(span => span.name);
  }

  async close(): Promise<void> {
    await this.module.close();
    await this.store.close();
  }
}

/** What a network leaves of a command: its JSON. Answered by the registry of another service. */
export function wireTo(registry: () => CommandRegistry): CommandClient {
  return {
    send: async <Input, Output, Code extends string>(
      shape: CommandShape<Input, Output, Code>,
      input: Input,
      context: CommandContext,
    ) => {
      const sent = JSON.parse(JSON.stringify({ input, context })) as { input: unknown; context: CommandContext };
      const answered = registry().find(shape);
      if (!answered) throw new TypeError(`Nobody answers ${shape.name}.`);
      return (await answered.answer(sent.input, sent.context)) as CommandOutcome<Output, Code>;
    },
  };
}
