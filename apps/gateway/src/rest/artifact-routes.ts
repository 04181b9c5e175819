import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { BLOB_STORE, type BlobStores } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { ArtifactRow } from '../artifacts/artifacts.entity.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { sendDownload } from './download.js';

/** `GET /api/v1/artifacts/:id`: a kept file. */
@Controller('api/v1/artifacts')
export class ArtifactRoutes {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(BLOB_STORE) private readonly blobs: BlobStores,
  ) {}

  @Get(':id')
  @Requires('flows.read')
  async download(
    @Param('id') artifactId: string,
    @CallerOf() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { workspaceId } = caller;
    const row = await this.rows.getRepository(ArtifactRow).findOneBy({ workspaceId, artifactId });
    if (!row) throw new RequestError('NOT_FOUND', 'There is no such artifact.', 'Take an id from `run.artifacts`.');
    const { sha256, bytes, path } = row;
    await sendDownload(reply, this.blobs.area('artifacts'), {
      sha256,
      bytes,
      fileName: path.split('/').at(-1) ?? path,
    });
  }
}
