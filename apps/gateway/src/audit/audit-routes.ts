import { Readable } from 'node:stream';
import { ExportAudit, FetchVerifier, type InputOf, type OutputOf } from '@runledger/contracts';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { CommandDesk } from '../reads/command-desk.js';
import { fitting } from '../reads/fitting.js';
import { rangeOf } from '../reads/range-of.js';
import { auditRefused, sizeOf } from './audit-requests.js';

type Page = OutputOf<typeof ExportAudit>;
type Wanted = Omit<InputOf<typeof ExportAudit>, 'cursor' | 'limit'>;

const text = z.string().max(100).optional();
const ofRunQuery = z.strictObject({ since: text });
const ofRangeQuery = z.strictObject({ from: text, to: text, since: text });

/** Audit bundles, and the program that checks them: verifiable offline. */
@Controller('api/v1')
export class AuditRoutes {
  constructor(@Inject(CommandDesk) private readonly desk: CommandDesk) {}

  /** Everything about a run. */
  @Get('runs/:id/audit.ndjson')
  @Requires('audit.read')
  async ofRun(
    @Param('id') runId: string,
    @Query() query: unknown,
    @CallerOf() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { since } = fitting(ofRunQuery, query);
    await this.#send(reply, caller, { runId, ...sinceOf(since) });
  }

  /** Everything that happened in the workspace between two times. */
  @Get('audit.ndjson')
  @Requires('audit.read')
  async ofRange(@Query() query: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply): Promise<void> {
    const { since, ...ends } = fitting(ofRangeQuery, query);
    const { from, to } = rangeOf(ends);
    const wanted = { ...(from !== undefined && { from }), ...(to !== undefined && { to }), ...sinceOf(since) };
    await this.#send(reply, caller, wanted);
  }

  /** The verifier as it is handed out; its hash is in the header `x-sha256`. */
  @Get('verify.mjs')
  @Requires('audit.read')
  async verifier(@CallerOf() caller: Caller, @Res() reply: FastifyReply): Promise<void> {
    const outcome = await this.desk.send(FetchVerifier, {}, caller);
    if (outcome.status === 'refused') throw auditRefused(outcome.refusal);
    const { source, sha256 } = outcome.output;
    const headers = { ...download('verify.mjs'), 'content-type': 'text/javascript; charset=utf-8', 'x-sha256': sha256 };
    await reply.headers(headers).send(source);
  }

  async #send(reply: FastifyReply, caller: Caller, wanted: Wanted): Promise<void> {
    // The first page decides about the status; a fault later on breaks the connection, so that no half export looks whole.
    const first = await this.#page(caller, wanted, undefined);
    const name = (wanted.runId ?? [wanted.from, wanted.to].filter(Boolean).join('_')) || 'workspace';
    const headers = { ...download(`${name}.audit.ndjson`), 'content-type': 'application/x-ndjson; charset=utf-8' };
    await reply.headers(headers).send(Readable.from(this.#lines(caller, wanted, first)));
  }

  async *#lines(caller: Caller, wanted: Wanted, first: Page): AsyncGenerator<string> {
    for (let page = first; ; page = await this.#page(caller, wanted, page.next)) {
      if (page.lines.length > 0) yield `${page.lines.join('\n')}\n`;
      if (page.next === undefined) return;
    }
  }

  async #page(caller: Caller, wanted: Wanted, cursor: string | undefined): Promise<Page> {
    const input = { ...wanted, ...(cursor !== undefined && { cursor }) };
    const outcome = await this.desk.send(ExportAudit, input, caller, wanted.runId);
    if (outcome.status === 'accepted') return outcome.output;
    throw auditRefused(outcome.refusal);
  }
}

function sinceOf(since: string | undefined): { readonly since?: number } {
  return since === undefined ? {} : { since: sizeOf(since) };
}

function download(name: string): Record<string, string> {
  return {
    'content-disposition': `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
}
