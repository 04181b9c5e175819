import {
  AgentText,
  AgentThinking,
  ErrorRecorded,
  InfoRecorded,
  SetupRecorded,
  ToolCallEnded,
  ToolCallStarted,
  ToolOutput,
  type BlobRef,
  type Json,
  type StepError,
  type ToolDetail,
} from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';

/** The events that a transcript is made of. */
export const transcriptEvents = [
  SetupRecorded,
  InfoRecorded,
  ErrorRecorded,
  AgentText,
  AgentThinking,
  ToolCallStarted,
  ToolOutput,
  ToolCallEnded,
] as const;
export type TranscriptEvent = EventOf<typeof transcriptEvents>;

/** Where an entry belongs, and since when. */
interface Place {
  readonly id: string;
  /** Position of its first event, decimal. */
  readonly seq: string;
  readonly at: string;
  readonly step: string;
  readonly attempt: number;
  /** Of a sub-agent: its number. */
  readonly agent?: string;
}

export interface ToolEnding {
  readonly state: 'OK' | 'ERROR' | 'CANCELLED';
  readonly output: string;
  /** The whole output, when it is longer than `output`. */
  readonly outputBlob?: BlobRef;
  readonly exitCode?: number;
  readonly error?: StepError;
  readonly detail?: ToolDetail;
  readonly durationMs: number;
}

export interface ToolCall extends Place, Partial<Omit<ToolEnding, 'state'>> {
  readonly __typename: 'ToolEntry';
  readonly name: string;
  readonly arguments: Record<string, Json>;
  readonly streamed: string;
  readonly state: 'RUNNING' | ToolEnding['state'];
}

/** An entry as the API shows it. */
export type TranscriptEntry =
  | (Place & {
      readonly __typename: 'TextEntry' | 'ThinkingEntry' | 'SetupEntry' | 'InfoEntry';
      readonly text: string;
    })
  | (Place & { readonly __typename: 'ErrorEntry'; readonly error: StepError })
  | ToolCall;

/** Entry ids are told apart by attempt: agents count their calls from 1 in each. */
export function entryIdOf(event: TranscriptEvent): string {
  const own = 'callId' in event.data ? event.data.callId : event.data.entryId;
  return `${event.data.attemptId}/${own}`;
}

/** The entry that this event begins, with the event's own text; undefined for events that only go on with one. */
export function entryOf(event: TranscriptEvent, seq: string): TranscriptEntry | undefined {
  const { step, attempt, at } = event.data;
  const agent = 'agent' in event.data ? event.data.agent : undefined;
  const place = { id: entryIdOf(event), seq, at, step, attempt, ...(agent !== undefined && { agent }) };
  switch (event.type) {
    case 'AgentText':
      return { __typename: 'TextEntry', ...place, text: event.data.text };
    case 'AgentThinking':
      return { __typename: 'ThinkingEntry', ...place, text: event.data.text };
    case 'SetupRecorded':
      return { __typename: 'SetupEntry', ...place, text: event.data.text };
    case 'InfoRecorded':
      return { __typename: 'InfoEntry', ...place, text: event.data.text };
    case 'ErrorRecorded':
      return { __typename: 'ErrorEntry', ...place, error: event.data.error };
    case 'ToolCallStarted':
      return toolCall(event.data, place);
    case 'ToolOutput':
    case 'ToolCallEnded':
      return undefined;
  }
}

function toolCall(data: Extract<TranscriptEvent, { type: 'ToolCallStarted' }>['data'], place: Place): ToolCall {
  return {
    __typename: 'ToolEntry',
    ...place,
    name: data.tool,
    arguments: data.arguments,
    ...(data.detail && { detail: data.detail }),
    streamed: '',
    state: 'RUNNING',
  };
}

/** How a tool call ended. */
export function endingOf(data: Extract<TranscriptEvent, { type: 'ToolCallEnded' }>['data']): ToolEnding {
  const states = { ok: 'OK', error: 'ERROR', cancelled: 'CANCELLED' } as const;
  return {
    state: states[data.state],
    output: data.output,
    ...(data.outputBlob && { outputBlob: data.outputBlob }),
    ...(data.exitCode !== undefined && { exitCode: data.exitCode }),
    ...(data.error && { error: data.error }),
    ...(data.detail && { detail: data.detail }),
    durationMs: data.durationMs,
  };
}
