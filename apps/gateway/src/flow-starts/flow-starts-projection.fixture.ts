import { RunStarted } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

/** How often a flow was started, and when last. */
export interface FlowStartsView {
  readonly slug: string;
  readonly starts: number;
  readonly lastStartedAt: string;
}

/** Which flows are started, and how often: one row per workspace and flow, folded from the starts of its runs. */
export const flowStarts = defineView<FlowStartsView, EventOf<readonly [typeof RunStarted]>>({
  name: 'flow-starts',
  version: 1, // raise it when rows would come out differently: they are built anew beside the old ones
  table: 'flow_starts',
  types: [RunStarted.type],
  key: ({ tenant, data }) => keyIn(tenant, data.flowSlug),
  evolve: (view, { data }) => ({
    slug: data.flowSlug,
    starts: (view?.starts ?? 0) + 1,
    lastStartedAt: data.startedAt,
  }),
  columns: ({ starts }, key) => ({ workspace_id: key.slice(0, key.indexOf('/')), starts }),
});
