import { Inject, Injectable } from '@nestjs/common';
import { Fault } from '@runledger/kernel';
import { DataSource, In } from 'typeorm';
import { CursorSigner } from '../graph/signed-cursor.js';
import type { CountedConnection, PageAsked } from '../graph/connection.js';
import { countOf, narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import type { Loaders } from '../graph/loaders.js';
import { likePattern } from '../reads/like-pattern.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { FlowRow, FlowVersionRow } from './flows.entity.js';
import { flowNode, flowVersionId, flowVersionNode, type FlowNode, type FlowVersionNode } from './flow-nodes.js';

/** Rows of the flows read model are missing although the log has them. */
export class MissingFlowError extends Fault {
  constructor(id: string) {
    super('MISSING_FLOW', `Flow ${id} is not in the read model; is the projection \`flows\` running?`, {
      fields: { id },
    });
  }
}

/** Reads published flows of one workspace. */
@Injectable()
export class FlowReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  async page(
    workspaceId: string,
    asked: PageAsked & { readonly text: string | undefined },
  ): Promise<CountedConnection<FlowNode>> {
    const list = ['flows', workspaceId, asked.text];
    const query = this.rows.getRepository(FlowRow).createQueryBuilder('f').where('f.workspaceId = :workspaceId', {
      workspaceId,
    });
    if (asked.text !== undefined) {
      query.andWhere('(f.slug ILIKE :text OR f.name ILIKE :text)', { text: likePattern(asked.text) });
    }
    const totalCount = countOf(query, 'f.slug');
    const cursor = asked.cursor === undefined ? undefined : this.signer.open(list, asked.cursor);
    const found = await narrowToPage(query, { columns: ['f.slug'], direction: 'ASC' }, asked, cursor).getMany();
    const page = { ...asked, list, signer: this.signer, place: (row: FlowRow) => [row.slug] };
    return { ...pageOfList(found, { ...page, node: row => flowNode(row.view) }), totalCount };
  }

  async find(
    workspaceId: string,
    by: { readonly flowId: string } | { readonly slug: string },
  ): Promise<FlowNode | undefined> {
    const row = await this.rows.getRepository(FlowRow).findOneBy({ workspaceId, ...by });
    return row ? flowNode(row.view) : undefined;
  }

  async versions(workspaceId: string, flowId: string, size: number): Promise<FlowVersionNode[]> {
    const found = await this.rows
      .getRepository(FlowVersionRow)
      .find({ where: { workspaceId, flowId }, order: { version: 'DESC' }, take: size });
    return found.map(row => flowVersionNode(row.published));
  }

  /** Some versions of one flow; those that there are. */
  async versionsOf(workspaceId: string, flowId: string, numbers: readonly number[]): Promise<FlowVersionNode[]> {
    const found = await this.rows
      .getRepository(FlowVersionRow)
      .findBy({ workspaceId, flowId, version: In([...numbers]) });
    return found.map(row => flowVersionNode(row.published));
  }

  /** A flow that something else in the log refers to: read models go at their own pace, so this one may be awaited. */
  async flow(loaders: Loaders, flowId: string, since: bigint): Promise<FlowNode> {
    const load = () => loaders.flow.clear(flowId).load(flowId);
    const view = (await loaders.flow.load(flowId)) ?? (await this.#afterReaching(since, load));
    if (!view) throw new MissingFlowError(flowId);
    return flowNode(view);
  }

  /** Like {@link flow}, one version of it. */
  async version(
    loaders: Loaders,
    place: { readonly flowId: string; readonly version: number },
    since: bigint,
  ): Promise<FlowVersionNode> {
    const id = flowVersionId(place.flowId, place.version);
    const load = () => loaders.flowVersion.clear(id).load(id);
    const published = (await loaders.flowVersion.load(id)) ?? (await this.#afterReaching(since, load));
    if (!published) throw new MissingFlowError(id);
    return flowVersionNode(published);
  }

  async #afterReaching<T>(position: bigint, load: () => Promise<T>): Promise<T> {
    await this.readModels.reach(position, ['flows']);
    return load();
  }
}
