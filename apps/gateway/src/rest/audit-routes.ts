import { Readable } from 'node:stream';
import { ExportRun, type OutputOf } from '@runledger/contracts';
import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { CommandDesk } from '../reads/command-desk.js';

type Page = OutputOf<typeof ExportRun>;

/** `GET /api/v1/runs/:id/audit.ndjson`: everything about a run, verifiable offline. */
@Controller('api/v1/runs')
export class AuditRoutes {
  constructor(@Inject(CommandDesk) private readonly desk: CommandDesk) {}

  @Get(':id/audit.ndjson')
  @Requires('audit.read')
  async auditOf(@Param('id') runId: string, @CallerOf() caller: Caller, @Res() reply: FastifyReply): Promise<void> {
    // The first page decides about the status; a fault later on breaks the connection, so that no half export looks whole.
    const first = await this.#page(caller, runId, undefined);
    const name = runId.replace(/[^\w.-]/g, '_');
    await reply
      .header('content-type', 'application/x-ndjson; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}.audit.ndjson"`)
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'no-store')
      .send(Readable.from(this.#lines(caller, runId, first)));
  }

  async *#lines(caller: Caller, runId: string, first: Page): AsyncGenerator<string> {
    for (let page = first; ; page = await this.#page(caller, runId, page.next)) {
      if (page.lines.length > 0) yield `${page.lines.join('\n')}\n`;
      if (page.next === undefined) return;
    }
  }

  async #page(caller: Caller, runId: string, cursor: string | undefined): Promise<Page> {
    const outcome = await this.desk.send(ExportRun, { runId, ...(cursor !== undefined && { cursor }) }, caller, runId);
    if (outcome.status === 'accepted') return outcome.output;
    throw new RequestError('NOT_FOUND', outcome.refusal.message, outcome.refusal.fix);
  }
}
