import {
  AgentText,
  AgentThinking,
  ApprovalDecided,
  ApprovalRequested,
  ApprovalVoted,
  AttemptEnded,
  AttemptInterrupted,
  AttemptResumed,
  ErrorRecorded,
  InfoRecorded,
  PermissionRequested,
  QuestionAsked,
  RunDiscarded,
  RunPaused,
  RunReopened,
  RunStarted,
  SetupRecorded,
  StepForceAdvanced,
  StepInstructionsEdited,
  StepSkipped,
  ToolCallEnded,
  ToolCallStarted,
  UsageRecorded,
  type ApprovalShown,
} from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { entryIdOf, type TranscriptEvent } from '../transcript/transcript-entries.js';
import { lines, plainJson } from './plain-texts.js';
import type { Weight } from './words.js';

/** What kind of text it is; how much its words count. */
export const SEARCH_WEIGHTS = {
  INPUT: 'A',
  OUTPUT: 'A',
  DECISION: 'A',
  ERROR: 'B',
  TEXT: 'B',
  THINKING: 'C',
  TOOL_CALL: 'C',
  NOTE: 'C',
  TOOL_OUTPUT: 'D',
} as const satisfies Record<string, Weight>;
export type SearchKind = keyof typeof SEARCH_WEIGHTS;

/** Whose text is written bit by bit, and ends with what comes next from the same agent. */
export const spokenEvents = [AgentText, AgentThinking] as const;
export type SpokenEvent = EventOf<typeof spokenEvents>;

const wholeEvents = [
  RunStarted,
  RunReopened,
  RunPaused,
  RunDiscarded,
  StepInstructionsEdited,
  StepSkipped,
  StepForceAdvanced,
  SetupRecorded,
  InfoRecorded,
  ErrorRecorded,
  ToolCallStarted,
  ToolCallEnded,
  ApprovalRequested,
  ApprovalVoted,
  ApprovalDecided,
  AttemptEnded,
] as const;
type WholeEvent = EventOf<typeof wholeEvents>;

/** That say nothing to look for, but that what was said before is whole. */
const pauses = [AttemptInterrupted, AttemptResumed, PermissionRequested, QuestionAsked, UsageRecorded] as const;

export const searchedEvents = [...spokenEvents, ...wholeEvents, ...pauses] as const;
export type SearchedEvent = EventOf<typeof searchedEvents>;

/** A text that can be looked for, and where in its run it stands. */
export interface SearchedText {
  readonly kind: SearchKind;
  readonly text: string;
  readonly at: string;
  readonly step?: string;
  /** From 1. */
  readonly attempt?: number;
  readonly agent?: string;
  /** Of the transcript's entry that it is in. */
  readonly entryId?: string;
  readonly requestId?: string;
}

/** What an event says that is whole by itself; undefined: nothing to look for. */
export function wholeTextOf(event: SearchedEvent): SearchedText | undefined {
  switch (event.type) {
    case 'AgentText':
    case 'AgentThinking':
    case 'AttemptInterrupted':
    case 'AttemptResumed':
    case 'PermissionRequested':
    case 'QuestionAsked':
    case 'UsageRecorded':
      return undefined;
    case 'RunStarted':
    case 'RunReopened':
    case 'StepInstructionsEdited':
      return inputOf(event);
    case 'RunPaused':
    case 'RunDiscarded':
    case 'StepSkipped':
    case 'StepForceAdvanced':
      return steeringOf(event);
    case 'ApprovalRequested':
    case 'ApprovalVoted':
    case 'ApprovalDecided':
      return decisionOf(event);
    case 'AttemptEnded':
      return resultOf(event.data);
    case 'SetupRecorded':
    case 'InfoRecorded':
      return { kind: 'NOTE', ...entryPlaceOf(event), text: event.data.text };
    case 'ErrorRecorded':
      return { kind: 'ERROR', ...entryPlaceOf(event), text: lines(event.data.error.message, event.data.error.fix) };
    case 'ToolCallStarted':
      return {
        kind: 'TOOL_CALL',
        ...entryPlaceOf(event),
        text: `${event.data.tool} ${plainJson(event.data.arguments)}`,
      };
    case 'ToolCallEnded':
      return { kind: 'TOOL_OUTPUT', ...entryPlaceOf(event), text: event.data.output };
  }
}

type EntryEvent = Extract<SearchedEvent, TranscriptEvent>;

/** Where an entry of a transcript stands. */
export function entryPlaceOf(event: EntryEvent): Omit<SearchedText, 'kind' | 'text'> & { readonly entryId: string } {
  const { step, attempt, at } = event.data;
  const agent = 'agent' in event.data ? event.data.agent : undefined;
  return { step, attempt, at, ...(agent !== undefined && { agent }), entryId: entryIdOf(event) };
}

function inputOf(
  event: Extract<WholeEvent, { type: 'RunStarted' | 'RunReopened' | 'StepInstructionsEdited' }>,
): SearchedText | undefined {
  const kind = 'INPUT';
  switch (event.type) {
    case 'RunStarted': {
      const { parameters, subject, startedAt: at } = event.data;
      const about = subject && [subject.kind, subject.id, subject.url, plainJson(subject.context ?? {})];
      return { kind, at, text: lines(plainJson(parameters), ...(about ?? [])) };
    }
    case 'RunReopened': {
      const { parameters, reopenedAt: at } = event.data;
      return parameters && { kind, at, text: plainJson(parameters) };
    }
    case 'StepInstructionsEdited': {
      const { step, attempt, instructions: text, editedAt: at } = event.data;
      return { kind, at, step, attempt, text };
    }
  }
}

function steeringOf(
  event: Extract<WholeEvent, { type: 'RunPaused' | 'RunDiscarded' | 'StepSkipped' | 'StepForceAdvanced' }>,
): SearchedText | undefined {
  const kind = 'DECISION';
  switch (event.type) {
    case 'RunPaused': {
      const { cause, reason: text, pausedAt: at } = event.data;
      return cause === 'OPERATOR' && text !== undefined ? { kind, at, text } : undefined;
    }
    case 'RunDiscarded': {
      const { reason: text, discardedAt: at } = event.data;
      return text === undefined ? undefined : { kind, at, text };
    }
    case 'StepSkipped': {
      const { step, cause, reason: text, skippedAt: at } = event.data;
      return cause === 'person' ? { kind, at, step, text } : undefined;
    }
    case 'StepForceAdvanced': {
      const { step, comment: text, advancedAt: at } = event.data;
      return text === undefined ? undefined : { kind, at, step, text };
    }
  }
}

function decisionOf(
  event: Extract<WholeEvent, { type: 'ApprovalRequested' | 'ApprovalVoted' | 'ApprovalDecided' }>,
): SearchedText {
  const { requestId, step } = event.data;
  const place = { kind: 'DECISION', requestId, step } as const;
  switch (event.type) {
    case 'ApprovalRequested':
      return { ...place, at: event.data.requestedAt, text: lines(event.data.message, questionOf(event.data.shown)) };
    case 'ApprovalVoted':
      return { ...place, at: event.data.votedAt, text: event.data.comment ?? '' };
    case 'ApprovalDecided': {
      const { comment, answer, decidedAt: at } = event.data;
      return { ...place, at, text: lines(comment, answer === undefined ? undefined : plainJson(answer)) };
    }
  }
}

function questionOf(shown: ApprovalShown): string | undefined {
  return 'question' in shown ? lines(shown.question, ...(shown.choices ?? [])) : undefined;
}

function resultOf(data: Extract<WholeEvent, { type: 'AttemptEnded' }>['data']): SearchedText {
  const { step, attempt, endedAt: at, summary, output, error } = data;
  const result = [summary, output === undefined ? undefined : plainJson(output), error?.message, error?.fix];
  return { kind: error ? 'ERROR' : 'OUTPUT', step, attempt, at, text: lines(...result) };
}
