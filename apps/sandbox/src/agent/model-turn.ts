import { AgentText, AgentThinking } from '@runledger/contracts';
import type { ToolName } from '@runledger/contracts';
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import type { ModelMessage } from '@ai-sdk/provider-utils';
import type { Transcript } from '../attempt/transcript.js';
import type { OfferedTool } from '../mcp/mcp-tools.js';
import { CallLimit } from './call-limit.js';
import { functionTools } from './function-tools.js';
import { HeardAnswer } from './heard-answer.js';
import type { HeardPiece, RequestedCall } from './heard-answer.js';
import { contextOverflow, modelFaultOf } from './model-fault.js';
import type { ModelFault } from './model-fault.js';
import { promptOf } from './model-prompt.js';
import type { TokenBuckets } from './model-usage.js';
import { sendable, WholeCharacters } from './sendable-messages.js';

export interface TurnRequest {
  readonly model: LanguageModelV4;
  readonly instructions: string | undefined;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolName[];
  /** Those among them that servers offer. */
  readonly offered?: readonly OfferedTool[];
  readonly maxOutputTokens: number;
  /** Most that the whole call may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Begins the ids of this call's entries; unique within the attempt. */
  readonly entryPrefix: string;
}

export interface FinishedTurn {
  readonly status: 'finished';
  readonly finishReason: LanguageModelV4FinishReason['unified'];
  readonly messages: readonly ModelMessage[];
  readonly calls: readonly RequestedCall[];
  readonly text: string;
  readonly usage: TokenBuckets | undefined;
}

/** `usage` is what is known of a call that broke off: it is billed all the same. */
export interface FailedCall {
  readonly status: 'failed';
  readonly fault: ModelFault;
  readonly usage: TokenBuckets | undefined;
}

export interface AbortedCall {
  readonly status: 'aborted';
  readonly usage: TokenBuckets | undefined;
}

export type TurnOutcome = FinishedTurn | FailedCall | AbortedCall;

/** One call of the model: streams text and thinking into the transcript and says how it ended. Runs no tool, retries nothing. */
export async function modelTurn(request: TurnRequest, transcript: Transcript): Promise<TurnOutcome> {
  const { model, signal } = request;
  const answer = new HeardAnswer(request.tools);
  const words = new Words(request.entryPrefix, transcript);
  const limit = new CallLimit(signal, request.timeoutMs);
  try {
    await listen(answered(model, optionsOf(request, limit), limit), answer, limit, piece => words.add(piece));
  } finally {
    limit.lift();
  }
  const failure = failureOf(answer, limit, signal);
  if (failure) return failure;
  return {
    status: 'finished',
    finishReason: answer.finish?.unified ?? 'other',
    messages: sendable(answer.messages, answer.calls),
    calls: answer.calls,
    text: answer.text,
    usage: answer.usage,
  };
}

function optionsOf(request: TurnRequest, { signal }: CallLimit): LanguageModelV4CallOptions {
  const { instructions, messages, maxOutputTokens } = request;
  const tools = functionTools(request.tools, request.offered ?? []);
  return {
    prompt: promptOf(instructions, messages),
    ...(tools.length > 0 && { tools: [...tools] }),
    toolChoice: { type: 'auto' },
    maxOutputTokens,
    abortSignal: signal,
  };
}

/** The parts of an answer until it is over, or until nobody waits for more of it: whoever does not hear that is not waited for. */
async function* answered(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  limit: CallLimit,
): AsyncGenerator<LanguageModelV4StreamPart, undefined> {
  const { stream } = await limit.orLeave(() => model.doStream(options));
  const reader = stream.getReader();
  const leave = (): void => void reader.cancel(limit.signal.reason).catch(alreadyOver);
  limit.signal.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      const next = await reader.read();
      if (next.done || limit.signal.aborted) return undefined;
      yield next.value;
    }
  } finally {
    limit.signal.removeEventListener('abort', leave);
    leave();
  }
}

/** A connection that has broken has nothing to be told. */
function alreadyOver(): void {}

/** Some broken connections come as an error part, some as a stream that throws: both are what the provider did. */
async function listen(
  parts: AsyncGenerator<LanguageModelV4StreamPart, undefined>,
  answer: HeardAnswer,
  { signal }: CallLimit,
  tell: (piece: HeardPiece) => Promise<void>,
): Promise<void> {
  try {
    for (;;) {
      const next = await parts.next().catch((error: unknown) => {
        if (!signal.aborted) answer.error ??= error;
        return { done: true, value: undefined } as const;
      });
      if (next.done) return;
      const piece = answer.hear(next.value);
      if (piece) await tell(piece);
    }
  } finally {
    await parts.return(undefined);
  }
}

/** What is said and thought goes into the transcript, in whole characters. */
class Words {
  readonly #characters = new WholeCharacters();

  constructor(
    private readonly prefix: string,
    private readonly transcript: Transcript,
  ) {}

  async add({ kind, id, piece }: HeardPiece): Promise<void> {
    const { transcript } = this;
    const { place } = transcript;
    const entryId = kind === 'text' ? `${this.prefix}.${id}` : `${this.prefix}.thinking.${id}`;
    const entry = kind === 'text' ? AgentText : AgentThinking;
    const whole = this.#characters.of(entryId, piece);
    await transcript.addText(whole, text => entry({ ...place, entryId, text, at: transcript.now() }));
  }
}

function failureOf(
  { error, finish, usage }: HeardAnswer,
  limit: CallLimit,
  signal: AbortSignal,
): Exclude<TurnOutcome, FinishedTurn> | undefined {
  if (signal.aborted) return { status: 'aborted', usage };
  if (error !== undefined) return { status: 'failed', fault: modelFaultOf(error), usage };
  if (limit.signal.aborted) return lost('The provider did not answer in time.', usage);
  if (finish?.raw === 'model_context_window_exceeded') return { status: 'failed', fault: contextOverflow(), usage };
  if (brokeOff(finish)) return lost('The answer of the provider broke off.', usage);
  if (finish?.unified === 'content-filter') {
    return { status: 'failed', fault: { code: 'content_filter', message: 'The provider filtered the answer.' }, usage };
  }
  return undefined;
}

/** A connection that was closed cleanly before the answer was over: no error, but no reason to finish either. */
function brokeOff(finish: LanguageModelV4FinishReason | undefined): boolean {
  if (finish === undefined || finish.unified === 'interrupted' || finish.unified === 'error') return true;
  return finish.unified === 'other' && finish.raw === undefined;
}

function lost(message: string, usage: TokenBuckets | undefined): Exclude<TurnOutcome, FinishedTurn> {
  return { status: 'failed', fault: { code: 'connection_lost', message }, usage };
}
