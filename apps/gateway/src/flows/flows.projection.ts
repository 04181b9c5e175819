import { FlowVersionPublished, type FlowEvent } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineRows, defineView } from '@runledger/projections';
import { together } from '../reads/composite-projection.js';
import { keyIn } from '../reads/row-key.js';

export interface FlowView {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description?: string;
  readonly latestVersion: number;
}

export type PublishedVersion = EventOf<readonly [typeof FlowVersionPublished]>['data'];

const flows = defineView<FlowView, FlowEvent>({
  name: 'flows',
  version: 1,
  table: 'flows',
  types: [FlowVersionPublished.type],
  key: event => keyIn(event.tenant, event.data.flowId),
  evolve: (_view, { data }) => ({
    id: data.flowId,
    slug: data.slug,
    name: data.definition.name,
    ...(data.definition.description !== undefined && { description: data.definition.description }),
    latestVersion: data.version,
  }),
  columns: (view, key) => ({
    workspace_id: key.slice(0, key.indexOf('/')),
    flow_id: view.id,
    slug: view.slug,
    name: view.name,
  }),
});

const versions = defineRows<FlowEvent>({
  name: 'flow-versions',
  version: 1,
  table: 'flow_versions',
  uniqueBy: ['workspace_id', 'flow_id', 'version'],
  types: [FlowVersionPublished.type],
  rows: ({ tenant, data }) => [{ workspace_id: tenant, flow_id: data.flowId, version: data.version, published: data }],
});

/** Which flows there are, and each version of each. Run whole: each publication is a correlation of its own. */
export const flowsProjection = together('flows', 1, [flows, versions]);
