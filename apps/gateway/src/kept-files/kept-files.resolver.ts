import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { RunDetailsReader } from '../runs/run-details-reader.js';
import type { RunNode, StepNode } from '../runs/run-nodes.js';
import type { SnapshotRow } from './kept-files.entity.js';

type Told = Pick<RunNode, 'past'>;
const hadHappened =
  ({ past }: Told) =>
  ({ position }: { readonly position: string }): boolean =>
    past === undefined || BigInt(position) <= past.asOf;

/** How much of a run's files is kept. */
@Resolver('Run')
export class RunFilesResolver {
  constructor(
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
    @Inject(RunDetailsReader) private readonly details: RunDetailsReader,
  ) {}

  @ResolveField('files')
  async files(@Parent() run: RunNode, @Context() context: GraphContext) {
    const { snapshots, expiredFiles } = this.loaders.of(context);
    const [taken, expired, artifacts] = await Promise.all([
      snapshots.load(run.id).then(rows => rows.filter(hadHappened(run))),
      expiredFiles.load(run.id).then(rows => rows.filter(hadHappened(run))),
      this.details.of(run, context).artifacts(run.id),
    ]);
    const gone = new Set(expired.map(row => row.key));
    return {
      snapshots: taken.length,
      snapshotBytes: sum(taken.map(row => row.newBytes)),
      workspaceBytes: taken.at(-1)?.bytes ?? null,
      expiredAt: expired.find(row => row.key === run.id)?.expiredAt ?? null,
      artifactBytes: sum(artifacts.filter(row => !gone.has(row.artifactId)).map(row => row.bytes)),
    };
  }
}

@Resolver('StepCard')
export class StepFilesResolver {
  constructor(@Inject(LoaderFactory) private readonly loaders: LoaderFactory) {}

  @ResolveField('snapshots')
  async snapshots(@Parent() { run, key }: StepNode, @Context() context: GraphContext) {
    const taken = await this.loaders.of(context).snapshots.load(run.id);
    return taken.filter(row => row.step === key && hadHappened(run)(row)).map(snapshotNode);
  }
}

@Resolver('Artifact')
export class ArtifactExpiryResolver {
  constructor(@Inject(LoaderFactory) private readonly loaders: LoaderFactory) {}

  @ResolveField('expiredAt')
  async expiredAt(
    @Parent() artifact: { readonly id: string; readonly runId: string },
    @Context() context: GraphContext,
  ): Promise<string | null> {
    const expired = await this.loaders.of(context).expiredFiles.load(artifact.runId);
    return expired.find(row => row.key === artifact.id)?.expiredAt ?? null;
  }
}

function snapshotNode({ attempt, moment, root, files, bytes, newBytes, takenAt }: SnapshotRow) {
  return { attempt, moment: moment === 'before' ? 'BEFORE' : 'AFTER', root, files, bytes, newBytes, takenAt };
}

function sum(sizes: readonly string[]): string {
  return sizes.reduce((total, size) => total + BigInt(size), 0n).toString();
}
