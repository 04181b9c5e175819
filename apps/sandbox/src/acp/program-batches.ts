import type { Json } from '@runledger/contracts';
import type { ToolCallPart } from '@ai-sdk/provider-utils';
import { argumentsOf } from '../agent/recorded-call.js';
import type { AttemptHistory, RecordedCall } from '../attempt/attempt-history.js';
import type { ProgramNames } from './program-names.js';

/** Most agents of one call; so many numbers are kept free for one whose arguments are too long for the transcript. */
const MOST = 20;
const NOT_BEGUN = ['INVALID_TOOL_CALL', 'DENIED'];

/**
 * The numbers of the agents that a program starts. After a restart only the call that was under way is made again, and by the transcript its
 * agents have the numbers that they had, behind those of the calls before it (R2).
 */
export class ProgramBatches {
  readonly #first = new Map<string, number>();
  #next = 1;

  constructor({ calls }: Pick<AttemptHistory, 'calls'>, names: ProgramNames) {
    for (const [callId, call] of calls) {
      if (names.isServed(callId) && isBatch(call)) this.#begin(callId, call.started.arguments);
    }
  }

  firstOf(callId: string, { input }: ToolCallPart): number {
    return this.#first.get(callId) ?? this.#begin(callId, argumentsOf(input));
  }

  #begin(callId: string, { agents }: Readonly<Record<string, Json>>): number {
    const first = this.#next;
    this.#next += Array.isArray(agents) ? agents.length : MOST;
    this.#first.set(callId, first);
    return first;
  }
}

function isBatch({ started, ended }: RecordedCall): boolean {
  return started.tool === 'spawn_agents' && !NOT_BEGUN.includes(ended?.error?.code ?? '');
}
