import fc from 'fast-check';
import { TranscriptFold, type PlacedEvent } from './transcript-fold.js';
import { TranscriptHistory } from './transcript-history.js';

const place = { attemptId: 'att_1.s.1', runId: 'run_1', step: 's', attempt: 1, at: '2026-01-01T00:00:00.000Z' };
const ended = { state: 'ok', output: 'done', durationMs: 1 };

const saying = fc.record({
  type: fc.constantFrom('AgentText', 'AgentThinking', 'InfoRecorded', 'SetupRecorded'),
  data: fc.record({ entryId: fc.constantFrom('e0', 'e1', 'e2'), text: fc.string({ maxLength: 3 }) }),
});
const callId = fc.constantFrom('c0', 'c1', 'c2');
const calling = fc.oneof(
  fc.record({
    type: fc.constant('ToolCallStarted'),
    data: fc.record({ callId, tool: fc.constant('shell'), arguments: fc.constant({}) }),
  }),
  fc.record({ type: fc.constant('ToolOutput'), data: fc.record({ callId, text: fc.string({ maxLength: 3 }) }) }),
  fc.record({ type: fc.constant('ToolCallEnded'), data: callId.map(id => ({ callId: id, ...ended })) }),
);

/** A run's transcript in which entries are interleaved, end, and begin again. */
const transcripts = fc
  .array(fc.oneof(saying, calling), { maxLength: 40 })
  .map(events =>
    events.map(
      ({ type, data }, n) => ({ type, data: { ...place, ...data }, position: BigInt(n + 1) }) as unknown as PlacedEvent,
    ),
  );

describe('the history of a transcript', () => {
  it('lets a reader go on behind any position exactly as one who was there from the beginning', () => {
    fc.assert(
      fc.property(transcripts, fc.nat(40), fc.nat(40), (events, at, known) => {
        const position = BigInt(Math.min(at, events.length));
        const [before, behind] = [events.slice(0, Number(position)), events.slice(Number(position))];
        const present = new TranscriptFold();
        for (const event of before) present.segment([event]);
        const history = new TranscriptHistory(0n);
        history.add(events.slice(0, known), BigInt(Math.min(known, events.length)));
        history.add(events, BigInt(events.length)); // some of them a second time
        expect(history.foldAt(position).segment(behind)).toEqual(present.segment(behind));
      }),
    );
  });
});
