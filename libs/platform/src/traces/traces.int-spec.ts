import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanKind } from '@opentelemetry/api';
import { newUuid } from '@runledger/event-store';
import type { CommandContext } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { SILENT } from '@runledger/messaging';
import { eventually } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { CommandRegistry } from '../commands/command-registry.js';
import { COMMAND_CLIENT } from '../commands/command-client.js';
import type { CommandClient } from '../commands/command-client.js';
import { openTelemetry } from '../observed/open-telemetry.js';
import { readTelemetryConfig } from '../observed/telemetry.config.js';
import { PlaceOrder, ShipOrder, TracedService, wireTo } from './traced-service.fixture.js';
import { readTraceparent } from './traceparent.js';
import { inSpan, NO_TRACES } from './work.js';

const RUN = 'run_0001';

function context(): CommandContext {
  return {
    commandId: newUuid(),
    workspaceId: 'ws_acme',
    actor: { kind: 'member', id: 'mem_ada' },
    occurredAt: new Date().toISOString(),
    correlationId: RUN,
  };
}

describe('a story that goes through two services', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let shop: TracedService;
  let depot: TracedService;

  beforeAll(async () => {
    database = await logDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    const at = { url: database.url, pool };
    shop = await TracedService.start('shop', at);
    depot = await TracedService.start(
      'depot',
      at,
      wireTo(() => depot.module.get(CommandRegistry)),
    );
    shop.stores(PlaceOrder, 'OrderPlaced');
    depot.stores(ShipOrder, 'OrderShipped');
    await depot.shipsOrders();
    await shop.module.get<CommandClient>(COMMAND_CLIENT).send(PlaceOrder, { text: 'a secret wish' }, context());
    await eventually(() => expect(depot.names()).toContain('react depot.shipping'));
  });
  afterAll(async () => {
    await shop.close();
    await depot.close();
    await pool.end();
    await database.drop();
  });

  it('is one trace: command, append, reaction, command, append, each the child of what caused it', () => {
    const chain = [
      shop.span('command shop.PlaceOrder'),
      shop.span('append order'),
      depot.span('react depot.shipping'),
      depot.span('command depot.ShipOrder'),
      depot.span('append order'),
    ];
    expect(new Set(chain.map(span => span.spanContext().traceId)).size).toBe(1);
    expect(chain.map(span => span.parentSpanContext?.spanId)).toEqual([
      undefined,
      ...chain.slice(0, -1).map(span => span.spanContext().spanId),
    ]);
    expect([chain[1]?.kind, chain[2]?.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
  });

  it('names its run on every span, and nothing that people wrote on any', () => {
    const spans = [shop, depot].flatMap(service => service.exporter.getFinishedSpans());
    for (const span of spans) expect(span.attributes['runledger.run.id']).toBe(RUN);
    expect(
      JSON.stringify(spans.map(({ name, attributes, status, events }) => [name, attributes, status, events])),
    ).not.toMatch(/secret|wish/);
  });

  it('is counted where it happens', async () => {
    expect(await shop.metrics.text()).toMatch(
      /runledger_command_duration_seconds_count\{command="shop.PlaceOrder",outcome="accepted"\} 1/,
    );
    expect(await depot.metrics.text()).toMatch(
      /runledger_reaction_duration_seconds_count\{consumer="depot.shipping",outcome="done"\} 1/,
    );
  });

  it('goes on although nobody records it here', async () => {
    const from = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen = await inSpan('quiet', { tracer: NO_TRACES, parent: readTraceparent(from) }, span =>
      Promise.resolve(span.spanContext()),
    );
    expect(seen).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' });
  });
});

describe('a collector of traces', () => {
  it('gets them by OTLP over HTTP, with its headers, the last of them at the end of the process', async () => {
    const received: { url: string; key: string | undefined; body: string }[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const key = request.headers['x-api-key'];
        received.push({ url: request.url ?? '', key: String(key), body: Buffer.concat(chunks).toString() });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    }).listen(0, '127.0.0.1');
    await eventually(() => collector.listening);
    const { port } = collector.address() as AddressInfo;
    const config = readTelemetryConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=quite%20secret',
    });
    const telemetry = await openTelemetry('gateway', config, SILENT);
    await inSpan('command shop.PlaceOrder', { tracer: telemetry.tracer }, () => Promise.resolve());
    await telemetry.close();
    collector.close();
    expect(received).toMatchObject([{ url: '/v1/traces', key: 'quite secret' }]);
    const [{ resource, scopeSpans }] = (JSON.parse(received[0]?.body ?? '') as Received).resourceSpans;
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'runledger-gateway' } });
    expect(scopeSpans[0].spans.map(({ name }) => name)).toEqual(['command shop.PlaceOrder']);
  });

  it('that is away is said in the log, and holds up nothing', async () => {
    const warnings: object[] = [];
    const log = { ...SILENT, warn: (fields: object) => void warnings.push(fields) };
    const config = readTelemetryConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    const telemetry = await openTelemetry('gateway', config, log);
    await inSpan('lost', { tracer: telemetry.tracer }, () => Promise.resolve());
    await telemetry.close();
    expect(warnings).not.toEqual([]);
  });

  it('gets nothing unless it is named', async () => {
    const telemetry = await openTelemetry('gateway', readTelemetryConfig({}), SILENT);
    expect(telemetry.tracer).toBe(NO_TRACES);
    await telemetry.close();
  });
});

interface Received {
  readonly resourceSpans: readonly [
    {
      readonly resource: { readonly attributes: readonly object[] };
      readonly scopeSpans: readonly [{ readonly spans: readonly { readonly name: string }[] }];
    },
  ];
}
