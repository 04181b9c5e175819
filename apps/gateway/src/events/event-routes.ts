import { Readable } from 'node:stream';
import { Controller, Get, Headers, Inject, Query, Res, type BeforeApplicationShutdown } from '@nestjs/common';
import type { EventFilter, Position } from '@runledger/event-store';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { fitting } from '../reads/fitting.js';
import { keptAlive, textsOf, type EventForm } from './event-stream.js';
import { knownCategories, knownTypes } from './event-types.js';
import { LogReader } from './log-reader.js';
import { tail } from './log-stream.js';

const names = z
  .string()
  .max(4_000)
  .transform(list => list.split(',').map(name => name.trim()))
  .optional();
const eventsQuery = z.strictObject({
  after: z.string().optional(),
  runId: z.string().optional(),
  types: names,
  categories: names,
  follow: z.enum(['true', 'false']).optional(),
});

const PAGE = 200;

/**
 * `GET /api/v1/events`: the log for programs outside, in its order, from a cursor on, as server-sent events or as NDJSON. No gap and
 * no repeat (G1): who comes back says `Last-Event-ID`, or `after`.
 */
@Controller('api/v1/events')
export class EventRoutes implements BeforeApplicationShutdown {
  readonly #open = new Set<AsyncIterableIterator<string>>();

  constructor(@Inject(LogReader) private readonly log: LogReader) {}

  @Get()
  @Requires('audit.read')
  async events(
    @Query() query: unknown,
    @Headers() headers: Readonly<Record<string, string | undefined>>,
    @CallerOf() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { after, runId, types, categories, follow } = fitting(eventsQuery, query);
    const form: EventForm = headers['accept']?.includes('text/event-stream') ? 'sse' : 'ndjson';
    const from = await this.log.streamFrom(headers['last-event-id'] ?? after);
    const filter = {
      tenant: caller.workspaceId,
      ...(runId !== undefined && { correlationId: runId }),
      ...(types !== undefined && { types: knownTypes(types) }),
      ...(categories !== undefined && { categories: knownCategories(categories) }),
    };
    const isFollowed = follow === undefined ? form === 'sse' : follow === 'true';
    const texts = isFollowed
      ? this.#followed(caller, reply, { filter, from, form })
      : this.#whatIsThere(filter, from, form);
    const type = form === 'sse' ? 'text/event-stream' : 'application/x-ndjson';
    await reply
      .headers({ 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
      .send(Readable.from(texts));
  }

  /** Streams end when the process does: those who follow come back, to another one if need be. */
  async beforeApplicationShutdown(): Promise<void> {
    for (const texts of this.#open) await texts.return?.();
  }

  async *#followed(
    caller: Caller,
    reply: FastifyReply,
    { filter, from, form }: Followed,
  ): AsyncGenerator<string, void> {
    const options = { ...filter, after: from, stillAllowed: this.log.stillAllowed(caller) };
    const texts = tail(this.log.distribution, options, batch => textsOf(batch, form));
    this.#open.add(texts);
    // Who has gone is noticed at once, also while nothing happens.
    reply.raw.once('close', () => void texts.return?.());
    try {
      yield* keptAlive(texts, form);
    } finally {
      this.#open.delete(texts);
    }
  }

  /** Everything up to the end of the log, and then it ends. */
  async *#whatIsThere(filter: EventFilter, from: Position, form: EventForm): AsyncGenerator<string, void> {
    for (let after = from; ;) {
      const slice = await this.log.store.readAll({ ...filter, after, limit: PAGE });
      if (slice.events.length > 0) yield* textsOf(slice, form);
      if (slice.caughtUp) return;
      after = slice.scannedTo;
    }
  }
}

interface Followed {
  /** The workspace is always part of it (G2). */
  readonly filter: EventFilter & { readonly tenant: string };
  readonly from: Position;
  readonly form: EventForm;
}
