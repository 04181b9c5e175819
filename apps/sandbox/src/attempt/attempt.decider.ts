import {
  AgentSessionOpened,
  AgentText,
  AgentThinking,
  ArtifactStored,
  askEvents,
  AttemptEnded,
  AttemptInterrupted,
  AttemptResumed,
  AttemptStarted,
  attemptEvents,
  ErrorRecorded,
  InfoRecorded,
  ModelTurnEnded,
  SetupRecorded,
  snapshotEvents,
  ToolCallEnded,
  ToolCallStarted,
  ToolOutput,
  UsageRecorded,
} from '@runledger/contracts';
import type { AttemptEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, EventOf, Rejection } from '@runledger/kernel';

/** What happens between the start and the end of an attempt. */
export const entryEvents = [
  SetupRecorded,
  InfoRecorded,
  ErrorRecorded,
  AgentText,
  AgentThinking,
  ToolCallStarted,
  ToolOutput,
  ToolCallEnded,
  AgentSessionOpened,
  ModelTurnEnded,
  UsageRecorded,
  ArtifactStored,
  AttemptInterrupted,
  ...snapshotEvents,
  ...askEvents,
] as const;
export type AttemptEntry = EventOf<typeof entryEvents>;
export type StartedData = ReturnType<typeof AttemptStarted>['data'];
export type ResumedData = ReturnType<typeof AttemptResumed>['data'];
export type InterruptedData = ReturnType<typeof AttemptInterrupted>['data'];
export type EndedData = ReturnType<typeof AttemptEnded>['data'];

/**
 * `epoch` counts the owners that an attempt has had: 1 from its start, one more with each resume. Whoever writes names the
 * epoch it was given; a newer owner has a higher one, and the older owner's writes are refused (R3).
 */
export type AttemptCommand =
  | { readonly type: 'StartAttempt'; readonly data: StartedData }
  | { readonly type: 'ResumeAttempt'; readonly data: ResumedData; readonly seenEpoch: number }
  | { readonly type: 'RecordEntries'; readonly entries: readonly AttemptEntry[]; readonly epoch: number }
  | {
      readonly type: 'EndAttempt';
      readonly entries: readonly AttemptEntry[];
      readonly data: EndedData;
      readonly epoch: number;
    }
  /** Others have found its worker dead. */
  | { readonly type: 'InterruptAttempt'; readonly data: InterruptedData }
  /** Answers a ready step of a cancelled run that nobody has begun. */
  | { readonly type: 'CancelUnstarted'; readonly started: StartedData; readonly ended: EndedData };

export type AttemptState =
  | { readonly status: 'absent' }
  | {
      readonly status: 'executing';
      readonly epoch: number;
      readonly worker: string;
      readonly startedAt: string;
      readonly interrupted: boolean;
    }
  | { readonly status: 'ended' };

export type AttemptRefusal = Rejection<'ALREADY_CLAIMED' | 'NOT_STARTED' | 'ATTEMPT_OVER' | 'NOT_THE_OWNER'>;
type Decision = readonly AttemptEvent[] | AttemptRefusal;

/** One try of one step. One claimer wins, one owner writes, and nothing follows the end (R3). */
export const attempt: Decider<AttemptCommand, AttemptState, AttemptEvent, AttemptRefusal> = {
  category: 'attempt',
  events: attemptEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'AttemptStarted': {
        const { worker, startedAt } = event.data;
        return { status: 'executing', epoch: 1, worker, startedAt, interrupted: false };
      }
      case 'AttemptResumed':
        return state.status === 'executing'
          ? { ...state, epoch: state.epoch + 1, worker: event.data.worker, interrupted: false }
          : state;
      case 'AttemptInterrupted':
        return state.status === 'executing' ? { ...state, interrupted: true } : state;
      case 'AttemptEnded':
        return { status: 'ended' };
      case 'SetupRecorded':
      case 'InfoRecorded':
      case 'ErrorRecorded':
      case 'AgentText':
      case 'AgentThinking':
      case 'ToolCallStarted':
      case 'ToolOutput':
      case 'ToolCallEnded':
      case 'AgentSessionOpened':
      case 'ModelTurnEnded':
      case 'UsageRecorded':
      case 'ArtifactStored':
      case 'PermissionRequested':
      case 'QuestionAsked':
      case 'AnswerReceived':
      case 'CallAutoResolved':
      case 'WorkspaceSnapshotTaken':
      case 'WorkspaceSnapshotFailed':
        return state;
    }
  },
  decide: (command, state) => {
    switch (command.type) {
      case 'StartAttempt':
        return unclaimed(state, [AttemptStarted(command.data)]);
      case 'CancelUnstarted':
        return unclaimed(state, [AttemptStarted(command.started), AttemptEnded(command.ended)]);
      case 'ResumeAttempt':
        return owned(state, command.seenEpoch, [AttemptResumed(command.data)]);
      case 'RecordEntries':
        return owned(state, command.epoch, command.entries);
      case 'EndAttempt':
        return owned(state, command.epoch, [...command.entries, AttemptEnded(command.data)]);
      case 'InterruptAttempt':
        return interrupted(state, command.data);
    }
  },
};

function unclaimed(state: AttemptState, events: readonly AttemptEvent[]): Decision {
  return state.status === 'absent' ? events : reject('ALREADY_CLAIMED', 'Another worker has claimed this attempt.');
}

/** Unless it is over, or another worker has it already. */
function interrupted(state: AttemptState, data: InterruptedData): readonly AttemptEvent[] {
  const isLeft = state.status === 'executing' && state.worker === data.worker && !state.interrupted;
  return isLeft ? [AttemptInterrupted(data)] : [];
}

function owned(state: AttemptState, epoch: number, events: readonly AttemptEvent[]): Decision {
  if (state.status === 'absent') return reject('NOT_STARTED', 'This attempt was never started.');
  if (state.status === 'ended') return reject('ATTEMPT_OVER', 'This attempt is over; nothing follows its end.');
  if (state.epoch !== epoch) return reject('NOT_THE_OWNER', 'A newer worker has taken over this attempt.');
  return events;
}
