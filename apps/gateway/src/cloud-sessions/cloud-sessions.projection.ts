import { AgentSessionOpened, AttemptEnded } from '@runledger/contracts';
import type { AttemptOutcome } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

/** What one attempt has of an agent that works elsewhere. */
export interface CloudSessionView {
  readonly sessionId: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly program: string;
  readonly url: string;
  /** Whether it goes on with the agent of an earlier attempt. */
  readonly continues: boolean;
  readonly openedAt: string;
  readonly ended?: { readonly outcome: AttemptOutcome; readonly at: string };
  /** Place in the log, decimal: sessions are listed in this order. */
  readonly position: string;
}

type SessionEvent = EventOf<readonly [typeof AgentSessionOpened, typeof AttemptEnded]>;

/** The agents that work elsewhere, by attempt. Those that are programs in a sandbox are not among them. */
export const cloudSessionsProjection = defineView<CloudSessionView, SessionEvent>({
  name: 'cloud-sessions',
  version: 1,
  partitioned: true,
  table: 'cloud_sessions',
  types: [AgentSessionOpened.type, AttemptEnded.type],
  key: event => keyIn(event.tenant, event.data.attemptId),
  evolve: (view, event) => {
    if (event.type === 'AttemptEnded') {
      return view && { ...view, ended: { outcome: event.data.outcome, at: event.data.endedAt } };
    }
    const { sessionId, runId, step, attempt, program, url, after, at } = event.data;
    if (url === undefined) return view;
    const named = { sessionId, runId, step, attempt, program, url };
    return { ...named, continues: after !== undefined, openedAt: at, position: String(event.position) };
  },
  columns: (view, key) => ({
    workspace_id: key.slice(0, key.indexOf('/')),
    run_id: view.runId,
    is_open: view.ended === undefined,
    position: view.position,
  }),
});
