import { AgentText, AgentThinking } from '@runledger/contracts';
import type { BuiltInTool, Json, ToolName } from '@runledger/contracts';
import { jsonSchema, streamText, tool, zodSchema } from 'ai';
import type { FinishReason, LanguageModel, ModelMessage, Tool, ToolSet } from 'ai';
import type { z } from 'zod';
import type { Transcript } from '../attempt/transcript.js';
import { contextOverflow, modelFaultOf } from './model-fault.js';
import type { ModelFault } from './model-fault.js';
import { bucketsOf, earlyBuckets } from './model-usage.js';
import type { TokenBuckets } from './model-usage.js';
import { cachedConversation, cachedInstructions } from './prompt-cache.js';
import type { OfferedTool } from '../mcp/mcp-tools.js';
import { sendable, WholeCharacters } from './sendable-messages.js';
import { isBuiltIn, toolDescriptions, toolInputs } from './tool-inputs.js';

export interface TurnRequest {
  readonly model: LanguageModel;
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

export interface RequestedCall {
  readonly toolCallId: string;
  readonly tool: string;
  readonly input: unknown;
}

export interface FinishedTurn {
  readonly status: 'finished';
  readonly finishReason: FinishReason;
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

interface Heard {
  readonly characters: WholeCharacters;
  text: string;
  calls: RequestedCall[];
  finishReason?: FinishReason;
  rawFinishReason?: string | undefined;
  usage?: TokenBuckets | undefined;
  error?: unknown;
  aborted?: boolean;
}

/** One call of the model: streams text and thinking into the transcript and says how it ended. Runs no tool, retries nothing. */
export async function modelTurn(request: TurnRequest, transcript: Transcript): Promise<TurnOutcome> {
  const { model, instructions, messages, maxOutputTokens, timeoutMs, signal } = request;
  const result = streamText({
    model,
    messages: cachedConversation(messages),
    tools: toolSet(request),
    maxOutputTokens,
    maxRetries: 0,
    abortSignal: signal,
    timeout: { stepMs: timeoutMs, totalMs: timeoutMs },
    // The error comes as a part of the stream; without this the library prints it.
    onError: () => undefined,
    ...(instructions === undefined ? {} : { instructions: cachedInstructions(instructions) }),
  });
  const heard: Heard = { characters: new WholeCharacters(), text: '', calls: [] };
  await listen(result.stream, heard, part => hear(heard, part, request, transcript));
  const failure = failureOf(heard, signal);
  if (failure) return failure;
  const response = await result.response;
  return {
    status: 'finished',
    finishReason: heard.finishReason ?? 'other',
    messages: sendable(
      response.messages.filter(message => message.role === 'assistant'),
      heard.calls,
    ),
    calls: heard.calls,
    text: heard.text,
    usage: heard.usage,
  };
}

function toolSet({ tools, offered = [] }: TurnRequest): ToolSet {
  const set: ToolSet = {};
  for (const name of tools.filter(isBuiltIn)) {
    set[name] = builtIn(name);
  }
  for (const { name, description, inputSchema } of offered.filter(({ name }) => tools.includes(name))) {
    set[name] = tool({ description, inputSchema: jsonSchema<Record<string, Json>>(inputSchema) });
  }
  return set;
}

const known: Partial<Record<BuiltInTool, Tool>> = {};

/** The same for every call of a model, so that its schema is written out once. */
function builtIn(name: BuiltInTool): Tool {
  const schema: z.ZodType = toolInputs[name];
  return (known[name] ??= tool({ description: toolDescriptions[name], inputSchema: zodSchema(schema) }));
}

type StreamOf<T> = T extends AsyncIterable<infer Part> ? Part : never;
type Part = StreamOf<ReturnType<typeof streamText>['stream']>;

/** Some broken connections come as an error part, some as a stream that throws: both are what the provider did. */
async function listen(stream: AsyncIterable<Part>, heard: Heard, take: (part: Part) => Promise<void>): Promise<void> {
  const parts = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await parts.next().catch((error: unknown) => {
      heard.error ??= error;
      return { done: true, value: undefined } as const;
    });
    if (next.done) return;
    await take(next.value);
  }
}

async function hear(heard: Heard, part: Part, { entryPrefix }: TurnRequest, transcript: Transcript): Promise<void> {
  const { place } = transcript;
  if (part.type === 'text-delta') {
    heard.text += part.text;
    const entryId = `${entryPrefix}.${part.id}`;
    const whole = heard.characters.of(entryId, part.text);
    await transcript.addText(whole, text => AgentText({ ...place, entryId, text, at: transcript.now() }));
  } else if (part.type === 'reasoning-delta') {
    const entryId = `${entryPrefix}.thinking.${part.id}`;
    const whole = heard.characters.of(entryId, part.text);
    await transcript.addText(whole, text => AgentThinking({ ...place, entryId, text, at: transcript.now() }));
  } else if (part.type === 'tool-call') {
    heard.calls.push({ toolCallId: part.toolCallId, tool: part.toolName, input: part.input });
  } else if (part.type === 'custom' && part.kind === 'anthropic.message_start') {
    heard.usage = earlyBuckets(part.providerMetadata?.['anthropic']?.['usage']);
  } else if (part.type === 'finish-step') {
    heard.finishReason = part.finishReason;
    heard.rawFinishReason = part.rawFinishReason;
    heard.usage = bucketsOf(part.usage) ?? heard.usage;
  } else if (part.type === 'error') heard.error = part.error;
  else if (part.type === 'abort') heard.aborted = true;
}

function failureOf(heard: Heard, signal: AbortSignal): Exclude<TurnOutcome, FinishedTurn> | undefined {
  const { usage } = heard;
  if (signal.aborted) return { status: 'aborted', usage };
  if (heard.error !== undefined) return { status: 'failed', fault: modelFaultOf(heard.error), usage };
  if (heard.aborted) return lost('The provider did not answer in time.', usage);
  if (heard.rawFinishReason === 'model_context_window_exceeded') {
    return { status: 'failed', fault: contextOverflow(), usage };
  }
  if (brokeOff(heard)) return lost('The answer of the provider broke off.', usage);
  if (heard.finishReason === 'content-filter') {
    return { status: 'failed', fault: { code: 'content_filter', message: 'The provider filtered the answer.' }, usage };
  }
  return undefined;
}

/** A connection that was closed cleanly before the answer was over: no error, but no reason to finish either. */
function brokeOff({ finishReason, rawFinishReason }: Heard): boolean {
  if (finishReason === undefined || finishReason === 'interrupted' || finishReason === 'error') return true;
  return finishReason === 'other' && rawFinishReason === undefined;
}

function lost(message: string, usage: TokenBuckets | undefined): Exclude<TurnOutcome, FinishedTurn> {
  return { status: 'failed', fault: { code: 'connection_lost', message }, usage };
}
