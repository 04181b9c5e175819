import { newUuid } from '@runledger/event-store';

const NOTE = 'The build is green, the tests pass and the reviewer has been asked to look at the change. '.repeat(2);

/** An event as services write them: about 500 bytes of JSON, half of it metadata. */
export function sampleEvent(stream, revision) {
  return {
    id: newUuid(),
    type: 'StepCompleted',
    data: { stepId: `step-${revision % 10}`, outcome: 'SUCCESS', turns: revision, note: NOTE },
    metadata: {
      correlationId: stream.replace('-', '_'),
      causationId: '0199a2b4-7c1d-7e9f-8a3b-5c6d7e8f9a0b',
      actor: { kind: 'service', id: 'orchestrator' },
      workspaceId: 'ws_bench',
      occurredAt: '2026-01-05T09:30:00.000Z',
      schemaVersion: 1,
    },
  };
}
