import type { NoticeDue, NoticePutOff, NoticeQueued } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { defineTimer, firingContext } from '@runledger/timers';
import type { TimerKind, Timers } from '@runledger/timers';
import type { Courier } from './courier.js';
import { notice } from './notice.decider.js';
import { APPROVAL_ACTOR } from './notices.reactor.js';

const KIND = 'approval.notice';

/** What the timer of a notice says when it has come. */
interface NextTry {
  readonly noticeId: string;
  readonly attempt: number;
  /** The story that it belongs to. */
  readonly correlationId: string;
}

type Queued = ReturnType<typeof NoticeQueued>['data'];
type PutOff = ReturnType<typeof NoticePutOff>['data'];
type Due = ReturnType<typeof NoticeDue>['data'];

/** A notice is due → it is sent; it was put off → a timer. One that hangs holds up its own channel and run only. */
export function sender(courier: Courier, timers: Timers): Reactor {
  return {
    name: 'approval.sender',
    types: ['NoticeQueued', 'NoticeDue', 'NoticePutOff'],
    partitionBy: event => `${(event.data as Queued).channelId}/${event.metadata.correlationId}`,
    react: event => sent(courier, timers, event),
  };
}

async function sent(courier: Courier, timers: Timers, event: RecordedEvent): Promise<void> {
  switch (event.type) {
    case 'NoticeQueued':
      return courier.deliver(event, (event.data as Queued).noticeId, 1);
    case 'NoticeDue': {
      const { noticeId, attempt } = event.data as Due;
      return courier.deliver(event, noticeId, attempt);
    }
    default: {
      const { noticeId, attempt, nextTryAt } = event.data as PutOff;
      const payload: NextTry = { noticeId, attempt: attempt + 1, correlationId: event.metadata.correlationId };
      const name = `approval-notice:${event.tenant}/${noticeId}`;
      return timers.set({ name, kind: KIND, tenant: event.tenant, payload, dueAt: nextTryAt });
    }
  }
}

/** The time of the next try has come. */
export function noticeTimer(handler: CommandHandler): TimerKind {
  return defineTimer(KIND, async firing => {
    const { noticeId, attempt, correlationId } = firing.payload as NextTry;
    const context = firingContext(firing, { actor: APPROVAL_ACTOR, correlationId });
    await handler.handle(
      notice,
      streamOf('notice', noticeId),
      { type: 'ComeDue', attempt, at: firing.firedAt },
      context,
    );
  });
}
