import {
  type ConcurrencyRule,
  queueEvents,
  QueueJoined,
  QueueLeft,
  QueueTurnCame,
  QueueTurnedAway,
  type QueueEvent,
} from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

export type QueueCommand =
  | { readonly type: 'JoinQueue'; readonly data: Place & { readonly policy: ConcurrencyRule['policy'] } }
  | { readonly type: 'LeaveQueue'; readonly data: Place };

interface Place {
  readonly key: string;
  readonly runId: string;
  readonly at: string;
}

/** Runs that have not ended, in the order in which they came. It is the turn of the first. */
export interface Queue {
  readonly runs: readonly string[];
}

/** The runs of one workspace with the same concurrency key: one at a time. */
export const queue: Decider<QueueCommand, Queue, QueueEvent, Rejection<never>> = {
  category: 'queue',
  events: queueEvents,
  initialState: () => ({ runs: [] }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'QueueJoined':
        return { runs: [...state.runs, event.data.runId] };
      case 'QueueLeft':
        return { runs: state.runs.filter(runId => runId !== event.data.runId) };
      case 'QueueTurnCame':
      case 'QueueTurnedAway':
        return state;
    }
  },
  decide: (command, { runs }) => {
    switch (command.type) {
      case 'JoinQueue':
        return joined(command.data, runs);
      case 'LeaveQueue':
        return left(command.data, runs);
    }
  },
};

function joined(
  { key, runId, policy, at }: Extract<QueueCommand, { type: 'JoinQueue' }>['data'],
  runs: readonly string[],
): QueueEvent[] {
  if (runs.includes(runId)) return [];
  const [first] = runs;
  if (first !== undefined && policy === 'SKIP') {
    return [QueueTurnedAway({ key, runId, behind: first, turnedAwayAt: at })];
  }
  const cancels = policy === 'CANCEL_OLDER' ? [...runs] : [];
  const came = QueueJoined({ key, runId, policy, cancels, joinedAt: at });
  return first === undefined ? [came, QueueTurnCame({ key, runId, cameAt: at })] : [came];
}

/** The next one's turn comes only with the end of the one before: cancelled runs have to end first, too. */
function left({ key, runId, at }: Place, runs: readonly string[]): QueueEvent[] {
  if (!runs.includes(runId)) return [];
  const [first, next] = runs;
  const gone = QueueLeft({ key, runId, leftAt: at });
  return first === runId && next !== undefined ? [gone, QueueTurnCame({ key, runId: next, cameAt: at })] : [gone];
}
