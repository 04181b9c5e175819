import type { ToolCall, ToolCallUpdate } from '@agentclientprotocol/sdk';
import { ToolCallEnded, ToolCallStarted, ToolOutput } from '@runledger/contracts';
import type { Json, StepError } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';
import { headOf } from '../attempt/storable-text.js';
import { LIVE_CHARS, wholeText } from '../attempt/call-output.js';
import {
  callHashOf,
  detailOf,
  exitCodeOf,
  inputOf,
  isKnown,
  isNamedAs,
  isOver,
  outputOf,
  toldMore,
  toolOf,
} from './program-call.js';
import type { ToldCall } from './program-call.js';
import type { ProgramNames } from './program-names.js';
import type { ServedTools } from './served-tools.js';

/** A call under the id that the transcript knows it by. */
export interface NamedCall {
  readonly callId: string;
  readonly tool: string;
  readonly input: Record<string, Json>;
}

interface Call {
  told: ToldCall;
  /** Undefined: it is not in the transcript yet. */
  named?: NamedCall;
  ended: boolean;
  shown: string;
  beganMs: number;
}

const MESSAGE_CHARS = 2_000;

/**
 * The tool calls of a program in the transcript: each begins and ends there once, whatever becomes of the program (R2). A call
 * that people were asked about, and that the program makes again after a restart, is the same call.
 */
export class ProgramCalls {
  readonly #calls = new Map<string, Call>();
  readonly #open: Map<string, string | undefined>;
  readonly #denied = new Map<string, string>();
  #begun: number;

  /** `served`: tools of ours, whose calls are written down where they are made. */
  constructor(
    private readonly run: StepRun,
    private readonly names: ProgramNames,
    private readonly served: Pick<ServedTools, 'holds' | 'calls'>,
  ) {
    const { calls, asks } = run.history;
    // Calls of tools of ours go on by themselves.
    const left = [...calls].filter(([id, { ended }]) => !ended && names.isOwn(id));
    this.#open = new Map(left.map(([callId]) => [callId, asks.get(callId)?.callHash]));
    this.#begun = [...calls.keys()].filter(id => names.isOwn(id) || names.isServed(id)).length;
  }

  /** How many there were, in all. */
  get begun(): number {
    return this.#begun;
  }

  /** Whether one of them is under way now. */
  get busy(): boolean {
    return (
      this.served.calls.busy || [...this.#calls.values()].some(({ named, ended }) => named !== undefined && !ended)
    );
  }

  /** Whether the platform itself does this call, asks people about it, and writes it down. */
  isServed(update: ToolCall | ToolCallUpdate): boolean {
    const known = this.#calls.get(update.toolCallId)?.told;
    return isNamedAs(toldMore(known, update), name => this.served.holds(name));
  }

  /** The program tells of a call. */
  async told(update: ToolCall | ToolCallUpdate): Promise<void> {
    const isServed = this.isServed(update);
    const call = this.#toldOf(update);
    if (isServed) return;
    if (call.ended || !isKnown(call.told)) return;
    const named = this.#begin(call);
    if (isOver(call.told)) await this.#end(call, named);
    else await this.#show(call, named);
  }

  /** The call that a permission is asked for. */
  asked(update: ToolCallUpdate): NamedCall {
    return this.#begin(this.#toldOf(update));
  }

  /** However it ends, people did not allow it. */
  denied({ callId }: NamedCall, objection: string): void {
    this.#denied.set(callId, objection);
  }

  /** The program tells what was before: only what is not in the transcript is news. */
  async toldAgain(update: ToolCall | ToolCallUpdate): Promise<void> {
    const isServed = this.isServed(update);
    const call = this.#toldOf(update);
    if (isServed) return;
    const callId = this.names.own(update.toolCallId);
    const recorded = this.run.history.calls.get(callId);
    if (recorded?.ended) call.ended = true;
    if (call.ended || !isOver(call.told)) return;
    // What people were asked about may still be made again.
    if (call.told.status === 'failed' && this.#open.get(callId) !== undefined) return;
    const named = recorded ? this.#goOn(call, callId) : this.#begin(call);
    await this.#end(call, named);
  }

  /** Calls that nobody was asked about and that ended with the program before: nobody knows whether they took effect. */
  closeInterrupted(): void {
    for (const [callId, callHash] of this.#open) {
      if (callHash === undefined) this.#close(callId, 'error', UNKNOWN);
    }
    for (const [id, { named }] of this.#calls) if (!named) this.#calls.delete(id);
  }

  /** The prompt is over: whatever is still open will not go on. `unmade`: calls of ours that were begun before, and what was begun for them. */
  closeAll(unmade: readonly string[]): void {
    for (const callId of [...this.#open.keys(), ...unmade]) this.#close(callId, 'cancelled', NOT_MADE);
    for (const call of this.#calls.values()) {
      if (!call.named || call.ended) continue;
      call.ended = true;
      this.#endAs(call.named, { state: 'cancelled', output: outputOf(call.told), error: NOT_MADE });
    }
  }

  #toldOf(update: ToolCall | ToolCallUpdate): Call {
    const known = this.#calls.get(update.toolCallId);
    // Programs may count their calls from 1 again: what begins once more under the name of a call that is over is another one.
    const isAnother = known?.ended && 'sessionUpdate' in update && update.sessionUpdate === 'tool_call';
    const told = toldMore(isAnother ? undefined : known?.told, update);
    const call = known && !isAnother ? known : { told, ended: false, shown: '', beganMs: performance.now() };
    call.told = told;
    this.#calls.set(update.toolCallId, call);
    return call;
  }

  #begin(call: Call): NamedCall {
    if (call.named) return call.named;
    const [tool, input] = [toolOf(call.told), inputOf(call.told)];
    const again = this.#askedBefore(callHashOf(tool, input));
    if (again !== undefined) return this.#goOn(call, again);
    this.#begun += 1;
    const own = this.names.own(call.told.id);
    const isTaken = this.run.history.calls.has(own) || this.#isUsed(own);
    const named = { callId: isTaken ? `${own}~${this.#begun}` : own, tool, input };
    call.named = named;
    const { transcript } = this.run;
    const detail = detailOf(call.told);
    transcript.add(
      ToolCallStarted({
        ...{ ...transcript.place, callId: named.callId, tool, arguments: input, at: transcript.now() },
        ...(detail && { detail }),
      }),
    );
    return named;
  }

  #isUsed(callId: string): boolean {
    return [...this.#calls.values()].some(({ named }) => named?.callId === callId);
  }

  #askedBefore(callHash: string): string | undefined {
    return [...this.#open].find(([, asked]) => asked === callHash)?.[0];
  }

  /** It was begun before the restart. */
  #goOn(call: Call, callId: string): NamedCall {
    this.#open.delete(callId);
    call.named = { callId, tool: toolOf(call.told), input: inputOf(call.told) };
    return call.named;
  }

  async #show(call: Call, { callId }: NamedCall): Promise<void> {
    const output = outputOf(call.told);
    if (!output.startsWith(call.shown) || call.shown.length >= LIVE_CHARS) return;
    const news = headOf(output.slice(call.shown.length), LIVE_CHARS - call.shown.length);
    call.shown += news;
    const { transcript } = this.run;
    await transcript.addText(news, text =>
      ToolOutput({ ...transcript.place, callId, channel: 'stdout', text, at: transcript.now() }),
    );
  }

  async #end(call: Call, named: NamedCall): Promise<void> {
    call.ended = true;
    const objection = this.#denied.get(named.callId);
    const output = outputOf(call.told);
    const failed = call.told.status === 'failed';
    const error =
      objection === undefined
        ? { code: 'TOOL_FAILED', message: headOf(output, MESSAGE_CHARS) || 'It failed.' }
        : { code: 'DENIED', message: objection };
    const exitCode = exitCodeOf(call.told);
    const detail = detailOf(call.told);
    const whole = await wholeText(this.run.blobs, output === '' && objection !== undefined ? objection : output);
    this.#endAs(named, {
      ...whole,
      state: failed ? 'error' : 'ok',
      ...(failed && { error }),
      ...(exitCode !== undefined && { exitCode }),
      ...(detail && { detail }),
      durationMs: Math.round(performance.now() - call.beganMs),
    });
  }

  #close(callId: string, state: 'error' | 'cancelled', error: StepError): void {
    const recorded = this.run.history.calls.get(callId);
    this.#open.delete(callId);
    if (!recorded || recorded.ended) return;
    const { tool, agent } = recorded.started;
    this.#endAs({ callId, tool }, { state, output: recorded.stdout, error, ...(agent !== undefined && { agent }) });
  }

  #endAs({ callId, tool }: Pick<NamedCall, 'callId' | 'tool'>, end: Ending): void {
    const { transcript } = this.run;
    transcript.add(ToolCallEnded({ durationMs: 0, ...transcript.place, ...end, callId, tool, at: transcript.now() }));
  }
}

type Ending = Pick<EndedData, 'state' | 'output'> & Partial<EndedData>;
type EndedData = ReturnType<typeof ToolCallEnded>['data'];

const UNKNOWN: StepError = {
  code: 'OUTCOME_UNKNOWN',
  message: 'The agent was interrupted during this call, and nobody knows whether it took effect.',
};
const NOT_MADE: StepError = { code: 'CANCELLED', message: 'The agent ended without a word about what became of it.' };
