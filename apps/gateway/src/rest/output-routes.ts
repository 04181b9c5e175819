import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { BLOB_STORE, type BlobStores } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { TranscriptEntryRow } from '../transcript/transcript.entity.js';
import { sendDownload } from './download.js';

/** `GET /api/v1/runs/:id/outputs/:entry`: what a tool call put out, whole, where the transcript has its beginning and its end. */
@Controller('api/v1/runs')
export class OutputRoutes {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(BLOB_STORE) private readonly blobs: BlobStores,
  ) {}

  @Get(':id/outputs/:entry')
  @Requires('flows.read')
  async download(
    @Param('id') runId: string,
    @Param('entry') entryId: string,
    @CallerOf() { workspaceId }: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const row = await this.rows.getRepository(TranscriptEntryRow).findOneBy({ workspaceId, runId, entryId });
    const whole = row?.ending?.outputBlob;
    if (!row || !whole) {
      throw new RequestError(
        'NOT_FOUND',
        'There is no such output, or the transcript has all of it.',
        'Take the address from `outputUrl` of the entry.',
      );
    }
    await sendDownload(reply, this.blobs, { ...whole, fileName: `${row.step}-${entryId.split('/').at(-1) ?? ''}.txt` });
  }
}
