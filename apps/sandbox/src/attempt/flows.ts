import { StartRun } from '@runledger/contracts';
import type { Json } from '@runledger/contracts';
import { derivedId, newUuid } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { Clock, CommandClient } from '@runledger/platform';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyAttempt } from './attempt-place.js';

/** A run that an agent wants started. */
export interface FlowStart {
  /** Of the call that asks for it: asked again, it is the same run (R1). */
  readonly callId: string;
  /** Slug or `flow_…` id. */
  readonly flow: string;
  readonly parameters: Readonly<Record<string, Json>>;
  readonly profile?: string | undefined;
}

export type FlowStarted =
  | { readonly started: true; readonly runId: string }
  | { readonly started: false; readonly code: string; readonly message: string; readonly fix?: string };

/** How an agent starts other runs. Everything that goes in and out is plain data. */
export interface Flows {
  start(asked: FlowStart): Promise<FlowStarted>;
}

/** Where there is nobody to start anything, as in a spec of something else. */
export const NO_FLOWS: Flows = {
  start: () => Promise.resolve({ started: false, code: 'FORBIDDEN', message: 'Nothing can be started from here.' }),
};

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Asks the orchestrator, for as long as it takes: the key is the call's own, so that a repeated question starts nothing twice. */
export class FlowsOfOrchestrator implements Flows {
  constructor(
    private readonly parts: { readonly client: CommandClient; readonly clock: Clock },
    private readonly attempt: ReadyAttempt,
    private readonly signal: AbortSignal,
  ) {}

  async start(asked: FlowStart): Promise<FlowStarted> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.#ask(asked);
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
      }
      await delay(pauseMs, undefined, { signal: this.signal });
    }
  }

  async #ask({ callId, flow, parameters, profile }: FlowStart): Promise<FlowStarted> {
    const { workspaceId, place, readyEventId } = this.attempt;
    const { runId } = place;
    const request = {
      ...{ flow, parameters: { ...parameters }, choices: profile === undefined ? {} : { profile } },
      trigger: { kind: 'agent', ref: runId } as const,
      idempotencyKey: `agent-${derivedId(runId, callId, 0)}`,
    };
    const outcome = await this.parts.client.send(StartRun, request, {
      commandId: newUuid(),
      workspaceId,
      actor: { kind: 'service', id: 'sandbox' },
      occurredAt: this.parts.clock.now(),
      correlationId: runId,
      causationId: readyEventId,
    });
    if (outcome.status === 'accepted') return { started: true, runId: outcome.output.runId };
    const { rejected: code, message, fix } = outcome.refusal;
    return { started: false, code, message, ...(fix === undefined ? {} : { fix }) };
  }
}
