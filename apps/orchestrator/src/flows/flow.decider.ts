import { FlowVersionPublished, flowEvents, type FlowEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

export interface PublishFlowVersion {
  readonly type: 'PublishFlowVersion';
  readonly data: Omit<ReturnType<typeof FlowVersionPublished>['data'], 'version'>;
}

/** The newest version of a flow, by its hash. Versions are immutable: publishing something else makes another one. */
export type Flow =
  { readonly status: 'absent' } | { readonly status: 'published'; readonly version: number; readonly hash: string };

export const flow: Decider<PublishFlowVersion, Flow, FlowEvent, Rejection<never>> = {
  category: 'flow',
  events: flowEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'FlowVersionPublished': {
        const { version, hash } = event.data;
        return { status: 'published', version, hash };
      }
    }
  },
  decide: ({ data }, state) => {
    // Only the newest counts: publishing an older content again makes it the newest.
    if (state.status === 'published' && state.hash === data.hash) return [];
    const version = state.status === 'absent' ? 1 : state.version + 1;
    return [FlowVersionPublished({ ...data, version })];
  },
};
