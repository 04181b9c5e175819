import {
  NoticeDelivered,
  NoticeDropped,
  NoticeDue,
  NoticeFailed,
  NoticePutOff,
  NoticeQueued,
} from '@runledger/contracts';
import type { NoticeEvent } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { pauseAfter } from './back-off.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { MOST_TRIES, notice } from './notice.decider.js';
import type { NoticeCommand, TryOutcome } from './notice.decider.js';

const at = '2026-11-21T10:00:00.000Z';
const later = '2026-11-21T10:00:05.000Z';
const place = { noticeId: 'ntc_1', channelId: 'chn_1' };
const queued = NoticeQueued({ ...place, kind: 'WEBHOOK', news: 'REQUESTED', queuedAt: at });
const error = { code: 'HTTP_503', message: 'The webhook answered with status 503.' };
const refused: TryOutcome = { kind: 'failed', error, final: false, nextTryAt: later };
const tried = (attempt: number, outcome: TryOutcome): NoticeCommand => ({ type: 'Tried', attempt, outcome, at });
const due = (attempt: number): NoticeCommand => ({ type: 'ComeDue', attempt, at: later });
const putOff = (attempt: number) => NoticePutOff({ ...place, attempt, error, nextTryAt: later, putOffAt: at });
const cameDue = (attempt: number) => NoticeDue({ ...place, attempt, dueAt: later });
const given = specify(notice);

describe('a notice', () => {
  it('is queued once', () => {
    given().when({ type: 'Queue', data: queued.data }).thenEmits(queued);
    given(queued).when({ type: 'Queue', data: queued.data }).thenEmits();
  });

  it('is delivered, and what the other side calls it is kept', () => {
    given(queued)
      .when(tried(1, { kind: 'delivered', reference: 'C1/17.1' }))
      .thenEmits(NoticeDelivered({ ...place, attempt: 1, reference: 'C1/17.1', deliveredAt: at }));
  });

  it('is put off when it is not taken, and comes due again once', () => {
    given(queued).when(tried(1, refused)).thenEmits(putOff(1));
    given(queued, putOff(1)).when(due(2)).thenEmits(cameDue(2));
    given(queued, putOff(1), cameDue(2)).when(due(2)).thenEmits();
  });

  it('counts what came of a try once (R1)', () => {
    given(queued, putOff(1)).when(tried(1, refused)).thenEmits();
    given(queued, putOff(1), cameDue(2))
      .when(tried(1, { kind: 'delivered' }))
      .thenEmits();
  });

  it('fails when the other side will never take it, and after the last try', () => {
    given(queued)
      .when(tried(1, { ...refused, final: true }))
      .thenEmits(NoticeFailed({ ...place, attempt: 1, error, failedAt: at }));
    const before = Array.from({ length: MOST_TRIES - 1 }, (_, n) => [putOff(n + 1), cameDue(n + 2)]).flat();
    given(queued, ...before)
      .when(tried(MOST_TRIES, refused))
      .thenEmits(NoticeFailed({ ...place, attempt: MOST_TRIES, error, failedAt: at }));
  });

  it('is dropped when nobody needs to be told any more, and nothing happens to it afterwards', () => {
    const dropped = NoticeDropped({ ...place, reason: 'the request waits no more', droppedAt: at });
    given(queued)
      .when(tried(1, { kind: 'dropped', reason: 'the request waits no more' }))
      .thenEmits(dropped);
    given(queued, dropped)
      .when(tried(1, { kind: 'delivered' }))
      .thenEmits();
    given(queued, dropped).when(due(1)).thenEmits();
  });

  it('remembers what it was and what became of it', () => {
    const delivered = NoticeDelivered({ ...place, attempt: 1, reference: 'C1/17.1', deliveredAt: at });
    const failed = NoticeFailed({ ...place, attempt: 1, error, failedAt: at });
    const dropped = NoticeDropped({ ...place, reason: 'the request waits no more', droppedAt: at });
    const after = (...events: readonly NoticeEvent[]) =>
      events.reduce((state, event) => notice.evolve(state, event), notice.initialState());
    expect(after(queued)).toEqual({ status: 'waiting', notice: queued.data, attempt: 1, isDue: true });
    expect(after(queued, delivered)).toEqual({ status: 'delivered', notice: queued.data, reference: 'C1/17.1' });
    expect(after(queued, failed)).toEqual({ status: 'failed', notice: queued.data });
    expect(after(queued, dropped)).toEqual({ status: 'dropped', notice: queued.data });
    // At most one of those who tried at once is the one that was heard (R1).
    expect(after(queued, delivered, failed)).toEqual(after(queued, delivered));
  });

  it('is tried later and later, for about a day', () => {
    const pauses = Array.from({ length: MOST_TRIES - 1 }, (_, n) => pauseAfter(n + 1));
    expect(pauses.slice(0, 3)).toEqual([5_000, 20_000, 80_000]);
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    const hours = pauses.reduce((sum, pause) => sum + pause, 0) / 3_600_000;
    expect([hours > 12, hours < 24]).toEqual([true, true]);
  });
});

describe('a channel that takes nothing', () => {
  it('is left alone for a minute after five failures in a row, and for as long as it asks for', () => {
    const breaker = new CircuitBreaker();
    for (let failures = 0; failures < 4; failures += 1) breaker.failed('chn_1', 1_000);
    expect(breaker.openUntil('chn_1', 1_000)).toBeUndefined();
    breaker.failed('chn_1', 1_000);
    expect(breaker.openUntil('chn_1', 1_000)).toBe(61_000);
    expect(breaker.openUntil('chn_2', 1_000)).toBeUndefined();
    expect(breaker.openUntil('chn_1', 61_000)).toBeUndefined();
    breaker.failed('chn_1', 61_000);
    expect(breaker.openUntil('chn_1', 61_001)).toBe(121_000);
    breaker.succeeded('chn_1');
    expect(breaker.openUntil('chn_1', 61_001)).toBeUndefined();
    breaker.failed('chn_1', 0, 5_000);
    expect(breaker.openUntil('chn_1', 4_999)).toBe(5_000);
  });
});
