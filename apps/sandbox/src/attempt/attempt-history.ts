import { attemptEvents } from '@runledger/contracts';
import type { AttemptEvent, AttemptOutcome, Json } from '@runledger/contracts';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { EventCatalogue } from '@runledger/kernel';
import type { AttemptPlace } from './attempt-place.js';
import { attemptStream } from './attempt-place.js';

type DataOf<Type extends AttemptEvent['type']> = Extract<AttemptEvent, { type: Type }>['data'];

export interface RecordedCall {
  readonly started: DataOf<'ToolCallStarted'>;
  stdout: string;
  stderr: string;
  ended?: DataOf<'ToolCallEnded'>;
}

/** Something that the agent asked of people, and what it has heard. */
export interface RecordedAsk {
  /** Of a permission: what was asked for, whatever the call is named. */
  readonly callHash?: string;
  answer?: DataOf<'AnswerReceived'>;
}

/** A conversation with an agent elsewhere that an attempt takes over. */
export interface EarlierSession {
  readonly sessionId: string;
  readonly after?: string;
  /** Its last run was heard to its end: what comes is another one. */
  readonly isOver: boolean;
}

/** What earlier workers did in an attempt: enough to go on without repeating anything that was finished (R2). */
export interface AttemptHistory {
  status: 'absent' | 'executing' | 'ended';
  epoch: number;
  worker?: string;
  /** Of the start: every worker goes on with the same trace. */
  traceparent?: string;
  /** Time that workers spent on it, without the pauses between a worker's death and the next one's start. */
  activeMs: number;
  turns: { readonly turn: number; readonly finishReason: string; readonly messages: readonly Json[] }[];
  /** Of the sub-agents. */
  readonly agentTurns: Map<string, AttemptHistory['turns']>;
  readonly calls: Map<string, RecordedCall>;
  /** By call. */
  readonly asks: Map<string, RecordedAsk>;
  /** Calls that a grant let go ahead. */
  readonly autoResolved: Set<string>;
  readonly entryIds: Set<string>;
  /** How much was said in each entry of prose, in UTF-16 units. */
  readonly saidChars: Map<string, number>;
  /** The same of what was thought. */
  readonly thoughtChars: Map<string, number>;
  /** Under which an agent that is a program, or works elsewhere, keeps its conversation. */
  sessionId?: string;
  /** The same of its sub-agents. */
  readonly agentSessions: Map<string, string>;
  /** Of an agent at work elsewhere: its last run before those of this attempt. */
  sessionAfter?: string;
  outcome?: AttemptOutcome;
  /** The conversation of the attempt before, where this one goes on with it. */
  earlier?: EarlierSession;
  readonly usageIds: Set<string>;
  readonly artifactIds: Set<string>;
  /** When its files were kept. */
  readonly snapshots: Set<'before' | 'after'>;
}

const catalogue = new EventCatalogue(attemptEvents);
const PAGE = 500;

export function emptyHistory(): AttemptHistory {
  return {
    status: 'absent',
    epoch: 0,
    activeMs: 0,
    turns: [],
    agentTurns: new Map(),
    agentSessions: new Map(),
    calls: new Map(),
    asks: new Map(),
    autoResolved: new Set(),
    entryIds: new Set(),
    saidChars: new Map(),
    thoughtChars: new Map(),
    usageIds: new Set(),
    artifactIds: new Set(),
    snapshots: new Set(),
  };
}

export async function readHistory(
  store: EventStore,
  workspaceId: string,
  place: AttemptPlace,
): Promise<AttemptHistory> {
  const history = emptyHistory();
  const stream = { tenant: workspaceId, name: attemptStream(place) };
  let activeSince: string | undefined;
  for (let from = 0; ; from += PAGE) {
    const { events } = await store.readStream(stream, { from, limit: PAGE });
    for (const recorded of events) {
      const event = today(recorded);
      const owns = event.type === 'AttemptStarted' || event.type === 'AttemptResumed';
      // Others find a worker dead long after it has done its last.
      const rests = owns || event.type === 'AttemptInterrupted';
      if (!rests && activeSince) history.activeMs += between(activeSince, recorded.metadata.occurredAt);
      activeSince = recorded.metadata.occurredAt;
      fold(history, event);
      if (event.type === 'AttemptStarted' && recorded.metadata.traceparent !== undefined) {
        history.traceparent = recorded.metadata.traceparent;
      }
    }
    if (events.length < PAGE) return history;
  }
}

function today(recorded: RecordedEvent): AttemptEvent {
  const data = catalogue.upcast(recorded.type, recorded.metadata.schemaVersion, recorded.data);
  return { type: recorded.type, data } as AttemptEvent;
}

function between(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}

/** Exported for the spec: one event more. */
function fold(history: AttemptHistory, event: AttemptEvent): void {
  switch (event.type) {
    case 'AttemptStarted':
    case 'AttemptResumed':
      history.status = 'executing';
      history.epoch += 1;
      history.worker = event.data.worker;
      return;
    case 'AttemptInterrupted':
      return;
    case 'AttemptEnded':
      history.status = 'ended';
      history.outcome = event.data.outcome;
      return;
    case 'ToolCallStarted':
    case 'ToolOutput':
    case 'ToolCallEnded':
      return foldCall(history.calls, event);
    case 'PermissionRequested':
      history.asks.set(event.data.callId, { callHash: event.data.callHash });
      return;
    case 'QuestionAsked':
      history.asks.set(event.data.callId, {});
      return;
    case 'AnswerReceived':
      history.asks.set(event.data.callId, { ...history.asks.get(event.data.callId), answer: event.data });
      return;
    case 'AgentSessionOpened':
      if (event.data.agent !== undefined) {
        history.agentSessions.set(event.data.agent, event.data.sessionId);
        return;
      }
      history.sessionId = event.data.sessionId;
      if (event.data.after !== undefined) history.sessionAfter = event.data.after;
      return;
    case 'CallAutoResolved':
      history.autoResolved.add(event.data.callId);
      return;
    case 'ModelTurnEnded':
      turnsOf(history, event.data.agent).push(event.data);
      return;
    case 'UsageRecorded':
      history.usageIds.add(event.data.usageId);
      return;
    case 'ArtifactStored':
      history.artifactIds.add(event.data.artifactId);
      return;
    case 'WorkspaceSnapshotTaken':
    case 'WorkspaceSnapshotFailed':
      history.snapshots.add(event.data.moment);
      return;
    case 'SetupRecorded':
    case 'InfoRecorded':
    case 'ErrorRecorded':
      history.entryIds.add(event.data.entryId);
      return;
    case 'AgentThinking':
    case 'AgentText': {
      const { entryId, text } = event.data;
      const chars = event.type === 'AgentText' ? history.saidChars : history.thoughtChars;
      history.entryIds.add(entryId);
      chars.set(entryId, (chars.get(entryId) ?? 0) + text.length);
      return;
    }
  }
}

/** Of the agent of the step, or of a sub-agent. */
function turnsOf(history: AttemptHistory, agent: string | undefined): AttemptHistory['turns'] {
  if (agent === undefined) return history.turns;
  const known = history.agentTurns.get(agent) ?? [];
  history.agentTurns.set(agent, known);
  return known;
}

function foldCall(
  calls: Map<string, RecordedCall>,
  event: Extract<AttemptEvent, { type: 'ToolCallStarted' | 'ToolOutput' | 'ToolCallEnded' }>,
): void {
  if (event.type === 'ToolCallStarted') {
    calls.set(event.data.callId, { started: event.data, stdout: '', stderr: '' });
    return;
  }
  const call = calls.get(event.data.callId);
  if (!call) return;
  if (event.type === 'ToolOutput') call[event.data.channel] += event.data.text;
  else call.ended = event.data;
}
