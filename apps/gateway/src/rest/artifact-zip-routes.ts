import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { BLOB_STORE, type BlobStores, type SweptBlobStore } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import type { Readable } from 'node:stream';
import { DataSource } from 'typeorm';
import yazl from 'yazl';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { ArtifactRow } from '../artifacts/artifacts.entity.js';
import { CallerOf } from '../graph/graph-context.js';
import { RequestError } from '../graph/request-errors.js';
import { ExpiredFileRow } from '../kept-files/kept-files.entity.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { RunReader } from '../runs/run-reader.js';
import { artifactsOfRun } from '../runs/step-artifacts.js';
import { StepReader } from '../runs/step-reader.js';
import { zipNames } from './zip-names.js';

/** `GET /api/v1/runs/:id/artifacts.zip`: everything that the steps of a run kept, also those that it has from other runs. */
@Controller('api/v1/runs')
export class ArtifactZipRoutes {
  readonly #blobs: SweptBlobStore;

  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(StepReader) private readonly steps: StepReader,
    @Inject(BLOB_STORE) blobs: BlobStores,
  ) {
    this.#blobs = blobs.area('artifacts');
  }

  @Get(':id/artifacts.zip')
  @Requires('flows.read')
  async download(@Param('id') runId: string, @CallerOf() caller: Caller, @Res() reply: FastifyReply): Promise<void> {
    const run = await this.runs.find(caller.workspaceId, runId);
    if (!run) throw new RequestError('NOT_FOUND', 'There is no such run.', 'Look at the list of runs.');
    const kept = await this.#kept(caller.workspaceId, runId);
    await reply
      .header('content-type', 'application/zip')
      .header('content-disposition', `attachment; filename="run-${run.view.flowSlug}-${run.number}.zip"`)
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'private, no-store')
      .send(this.#zip(kept));
  }

  /** Without those that are past their time, and without those of which the store has lost the content. */
  async #kept(workspaceId: string, runId: string): Promise<ArtifactRow[]> {
    const artifacts = this.rows.getRepository(ArtifactRow);
    const rows = await artifactsOfRun(
      {
        artifacts: id => artifacts.find({ where: { workspaceId, runId: id }, order: { position: 'ASC' } }),
        inherited: () => this.steps.inherited(workspaceId, runId),
      },
      runId,
    );
    const expired = await this.rows
      .getRepository(ExpiredFileRow)
      .findBy([...new Set(rows.map(row => row.runId))].map(id => ({ workspaceId, runId: id })));
    const gone = new Set(expired.map(row => row.key));
    const there = await Promise.all(
      rows.map(async row => !gone.has(row.artifactId) && (await this.#blobs.has(row.sha256))),
    );
    return rows.filter((_row, index) => there[index]);
  }

  /** Each file is opened when its turn comes. Without a listener the library leaves an error of one to end the process. */
  #zip(rows: readonly ArtifactRow[]): Readable {
    const zip = new yazl.ZipFile();
    const output = zip.outputStream as Readable;
    const fail = (error: unknown): void => {
      output.destroy(error instanceof Error ? error : new Error(String(error)));
    };
    let open: Readable | undefined;
    zip.on('error', fail);
    output.on('close', () => open?.destroy()); // the reader may be gone in the middle
    for (const [name, row] of zipNames(rows)) {
      const mtime = new Date(row.storedAt);
      zip.addReadStreamLazy(name, { mtime, compress: isCompressible(row) }, give => {
        this.#blobs.get(row.sha256).then(
          content => {
            open = content.on('error', fail);
            give(null, content);
          },
          (error: unknown) => {
            fail(error);
          },
        );
      });
    }
    zip.end();
    return output;
  }
}

function isCompressible({ mediaType }: Pick<ArtifactRow, 'mediaType'>): boolean {
  return /^text\/|json|xml|javascript|svg/.test(mediaType);
}
