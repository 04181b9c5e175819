import type { ApprovalEscalated, ApprovalRequested, ApprovalWithdrawn } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { defineTimer, firingContext } from '@runledger/timers';
import type { TimerKind, Timers } from '@runledger/timers';
import { approval } from './approval.decider.js';

type Requested = ReturnType<typeof ApprovalRequested>['data'];
type Escalated = ReturnType<typeof ApprovalEscalated>['data'];
type Place = Pick<ReturnType<typeof ApprovalWithdrawn>['data'], 'requestId' | 'runId'>;

/** What a deadline says when it has come; `round` counts the deadlines of one request from 0. */
interface Deadline {
  readonly requestId: string;
  readonly runId: string;
  readonly round: number;
}

const KIND = 'approval.deadline';
const TIMEOUT = { kind: 'system', id: 'timeout', name: 'Time limit' } as const;

/** Requests that wait get a timer, and those that are over lose it: a waiting request costs a row and nothing else. */
export function deadlines(timers: Timers): Reactor {
  return {
    name: 'approval.deadlines',
    types: ['ApprovalRequested', 'ApprovalEscalated', 'ApprovalDecided', 'ApprovalWithdrawn'],
    react: event => noted(timers, event),
  };
}

async function noted(timers: Timers, event: RecordedEvent): Promise<void> {
  switch (event.type) {
    case 'ApprovalRequested': {
      const { deadline, ...request } = event.data as Requested;
      return deadline && set(timers, event.tenant, { place: request, round: 0, dueAt: deadline.dueAt });
    }
    case 'ApprovalEscalated': {
      const escalated = event.data as Escalated;
      return set(timers, event.tenant, { place: escalated, round: 1, dueAt: escalated.dueAt });
    }
    default:
      return timers.cancel(nameOf(event.tenant, event.data as Place));
  }
}

interface Set {
  readonly place: Place;
  readonly round: number;
  readonly dueAt: string;
}

async function set(timers: Timers, tenant: string, { place, round, dueAt }: Set): Promise<void> {
  const { requestId, runId } = place;
  const payload: Deadline = { requestId, runId, round };
  await timers.set({ name: nameOf(tenant, place), kind: KIND, tenant, payload, dueAt });
}

/** Ids of requests are unique within a workspace only. */
function nameOf(tenant: string, { requestId }: Place): string {
  return `approval-deadline:${tenant}/${requestId}`;
}

/** A deadline has come: one more who decides, and first come is first served (D1). */
export function deadlineTimer(commands: CommandHandler): TimerKind {
  return defineTimer(KIND, async firing => {
    const { requestId, runId, round } = firing.payload as Deadline;
    const outcome = await commands.handle(
      approval,
      streamOf('approval', requestId),
      { type: 'ExpireApproval', data: { round, at: firing.firedAt } },
      firingContext(firing, { actor: TIMEOUT, correlationId: runId }),
    );
    if (outcome.status === 'refused') throw new TypeError(`A deadline cannot be refused: ${outcome.refusal.message}`);
  });
}
