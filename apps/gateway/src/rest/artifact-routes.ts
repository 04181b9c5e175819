import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { BLOB_STORE, BlobNotFoundError, type BlobStores } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { ArtifactRow } from '../artifacts/artifacts.entity.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

/** `GET /api/v1/artifacts/:id`: a kept file, always as a download: what agents wrote must not run in the reader's browser. */
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
    if (!row) throw new RequestError('NOT_FOUND', 'There is no such artifact.');
    await reply
      .header('content-type', 'application/octet-stream')
      .header('content-length', row.bytes)
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(fileName(row.path))}`)
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "sandbox; default-src 'none'")
      .header('cache-control', 'private, max-age=31536000, immutable')
      .header('etag', `"${row.sha256}"`)
      .send(await this.#content(row));
  }

  async #content(row: ArtifactRow) {
    try {
      return await this.blobs.area('artifacts').get(row.sha256);
    } catch (cause) {
      if (!(cause instanceof BlobNotFoundError)) throw cause;
      throw new RequestError('NOT_FOUND', `The content of ${row.path} is gone from the blob store.`, undefined, {
        cause,
      });
    }
  }
}

function fileName(path: string): string {
  return path.split('/').at(-1) ?? path;
}
