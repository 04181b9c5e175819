import { catalogue, type GateReached } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { Actor, CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { approval } from './approval.decider.js';
import type { ApprovalCommand } from './approval.decider.js';
import { shownHash } from './shown-hash.js';

type Gate = ReturnType<typeof GateReached>['data'];

const APPROVAL: Actor = { kind: 'service', id: 'approval' };

/** Why open requests are moot once the run has come to this event. */
const ENDINGS: Readonly<Record<string, string>> = {
  RunCancelRequested: 'the run is being cancelled',
  RunCancelled: 'the run was cancelled',
  RunRejected: 'the run was rejected at another gate',
  RunFailed: 'the run failed',
};

/**
 * A run reached a gate → people are asked; a run ends → its open questions are withdrawn. Events of one run come in order,
 * so that no request is made after it was withdrawn.
 */
export class GateRequestsReactor implements Reactor {
  readonly name = 'approval.gate-requests';
  readonly types = ['GateReached', ...Object.keys(ENDINGS)];

  constructor(
    private readonly store: EventStore,
    private readonly handler: CommandHandler,
    private readonly clock: Clock,
  ) {}

  async react(event: RecordedEvent): Promise<void> {
    const reason = ENDINGS[event.type];
    if (reason === undefined) return this.#request(event);
    await this.#withdrawAll(event, reason);
  }

  async #request(event: RecordedEvent): Promise<void> {
    const gate = event.data as Gate;
    const { runId, step, message, shown } = gate;
    await this.#send(gate.gateId, event, 0, {
      type: 'RequestApproval',
      data: {
        requestId: gate.gateId,
        runId,
        step,
        kind: 'gate',
        message,
        shown,
        shownHash: shownHash(gate),
        requestedAt: this.clock.now(),
      },
    });
  }

  async #withdrawAll(event: RecordedEvent, reason: string): Promise<void> {
    const gateIds = await this.#gatesBefore(event);
    for (const [index, gateId] of gateIds.entries()) {
      await this.#send(gateId, event, index, {
        type: 'WithdrawApproval',
        data: { reason, withdrawnAt: this.clock.now() },
      });
    }
  }

  /** Every gate that the run reached before `event`, in order: the same list whenever the event is processed again (R1). */
  async #gatesBefore(event: RecordedEvent): Promise<string[]> {
    const { correlationId } = event.metadata;
    const gateIds = new Set<string>();
    let after = START;
    for (;;) {
      const slice = await this.store.readAll({ tenant: event.tenant, correlationId, types: ['GateReached'], after });
      for (const reached of slice.events.filter(({ position }) => position < event.position)) {
        const gate = catalogue.upcast(reached.type, reached.metadata.schemaVersion, reached.data) as Gate;
        gateIds.add(gate.gateId);
      }
      if (slice.caughtUp || slice.scannedTo >= event.position) return [...gateIds];
      after = slice.scannedTo;
    }
  }

  /** `n` tells apart the commands that one event causes. */
  async #send(requestId: string, event: RecordedEvent, n: number, command: ApprovalCommand): Promise<void> {
    const outcome = await this.handler.handle(
      approval,
      streamOf('approval', requestId),
      command,
      reactionContext(event, { reactor: this.name, actor: APPROVAL, now: this.clock.now(), index: n }),
    );
    if (outcome.status === 'refused') {
      throw new TypeError(`${command.type} cannot be refused, but was: ${outcome.refusal.message}`);
    }
  }
}
