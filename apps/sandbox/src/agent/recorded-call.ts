import { ToolCallEnded, ToolCallStarted } from '@runledger/contracts';
import type { Json, StepError, ToolDetail } from '@runledger/contracts';
import { ATTRIBUTE, inSpan, markFailed } from '@runledger/platform';
import type { ToolCallPart } from '@ai-sdk/provider-utils';
import type { RecordedCall } from '../attempt/attempt-history.js';
import { headOf } from '../attempt/storable-text.js';
import type { StepRun } from '../attempt/step-run.js';
import { wholeText } from '../attempt/call-output.js';
import { STOPPED } from '../attempt/tool-call.js';
import type { ToolCallResult } from '../attempt/tool-call.js';

const ARGUMENT_CHARS = 65_536;

/** A call for which no program of its own runs in the sandbox. */
export interface WorkCall {
  readonly callId: string;
  readonly call: ToolCallPart;
  readonly detail?: ToolDetail;
  /** False: work that was begun before, and of which nobody knows how it ended, is not begun again. */
  readonly repeatable: boolean;
}

export interface WorkResult {
  readonly output: string;
  readonly error?: StepError;
  /** In place of that of the call, where more is known at the end. */
  readonly detail?: ToolDetail;
}

/**
 * Does the work of a call and records it. A call that ended in the transcript is answered from there (R2). After a crash in the
 * middle, work that may be repeated is; of other work the agent is told that nobody knows.
 */
export async function recordedWork(
  run: StepRun,
  { callId, call, detail, repeatable }: WorkCall,
  work: () => Promise<WorkResult>,
): Promise<ToolCallResult> {
  const recorded = run.history.calls.get(callId);
  if (recorded?.ended) return endedBefore(recorded.ended);
  const { transcript } = run;
  if (recorded && !repeatable) return end(run, { callId, call }, unknownOutcome());
  const named = { ...transcript.place, callId, tool: call.toolName, at: transcript.now() };
  const shown = { arguments: argumentsOf(call.input), ...(detail && { detail }) };
  if (!recorded) transcript.add(ToolCallStarted({ ...named, ...shown }));
  await transcript.flush();
  return inSpan(`execute_tool ${call.toolName}`, { attributes: attributesOf(callId, call) }, async span => {
    const began = performance.now();
    const result = await work();
    run.stop.throwIfLeft();
    if (result.error) markFailed(span, result.error.code);
    return end(run, { callId, call }, result, performance.now() - began);
  });
}

function endedBefore({ state, output, error }: NonNullable<RecordedCall['ended']>): ToolCallResult {
  return { state, output, stdoutTail: '', ...(error === undefined ? {} : { error }) };
}

function attributesOf(callId: string, call: ToolCallPart) {
  return {
    [ATTRIBUTE.genAiOperation]: 'execute_tool',
    [ATTRIBUTE.genAiTool]: call.toolName,
    [ATTRIBUTE.genAiToolCallId]: callId,
    [ATTRIBUTE.genAiToolType]: 'function',
  };
}

async function end(
  run: StepRun,
  { callId, call }: Pick<WorkCall, 'callId' | 'call'>,
  ended: WorkResult,
  durationMs = 0,
): Promise<ToolCallResult> {
  const { transcript } = run;
  const { output, error, detail } = run.stop.signal.aborted ? stoppedWork(ended) : ended;
  const whole = await wholeText(run.blobs, output);
  const state = run.stop.signal.aborted ? 'cancelled' : error ? 'error' : 'ok';
  const failed = error === undefined ? {} : { error };
  const named = { ...transcript.place, callId, tool: call.toolName, at: transcript.now() };
  transcript.add(
    ToolCallEnded({
      ...{ ...named, ...whole, state, ...failed },
      ...(detail && { detail }),
      durationMs: Math.max(0, Math.round(durationMs)),
    }),
  );
  return { state, output: whole.output, ...failed, stdoutTail: '' };
}

/** What fails because it is stopped has not failed: whatever it says of others is not so. */
function stoppedWork({ error, ...ended }: WorkResult): WorkResult {
  if (!error) return ended;
  return { output: STOPPED.message, error: STOPPED, ...(ended.detail && { detail: ended.detail }) };
}

function unknownOutcome(): WorkResult {
  const message =
    'The platform was restarted during this call, and nobody knows whether it took effect. Find that out before you call again.';
  return { output: message, error: { code: 'OUTCOME_UNKNOWN', message } };
}

/** A call that cannot be made is answered with an error, as any failed call; the agent goes on. */
export function refuse(run: StepRun, callId: string, call: ToolCallPart, message: string): ToolCallResult {
  return withoutWork(run, callId, call, failure('INVALID_TOOL_CALL', message));
}

export function failure(code: string, message: string): ToolCallResult {
  return { state: 'error', output: message, error: { code, message }, stdoutTail: '' };
}

/** Records a call for which nothing is done, once. */
export function withoutWork(
  run: StepRun,
  callId: string,
  call: ToolCallPart,
  result: ToolCallResult & { readonly detail?: ToolDetail },
): ToolCallResult {
  const { transcript, history } = run;
  const recorded = history.calls.get(callId);
  const { state, output, error, detail } = result;
  const named = { ...transcript.place, callId, tool: call.toolName, at: transcript.now() };
  const shown = { arguments: argumentsOf(call.input), ...(detail && { detail }) };
  if (!recorded) transcript.add(ToolCallStarted({ ...named, ...shown }));
  if (!recorded?.ended) {
    transcript.add(
      ToolCallEnded({ ...named, state, output, ...(error === undefined ? {} : { error }), durationMs: 0 }),
    );
  }
  return result;
}

/** Arguments as the event keeps them: what is very long is in the turn's messages anyway. */
export function argumentsOf(input: unknown): Record<string, Json> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { value: (input ?? null) as Json };
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, shortened(value as Json)]));
}

function shortened(value: Json): Json {
  if (typeof value !== 'string') return shortEnough(value);
  if (value.length <= ARGUMENT_CHARS) return value;
  return `${headOf(value, ARGUMENT_CHARS)}… (${value.length} characters in all)`;
}

function shortEnough(value: Json): Json {
  const text = JSON.stringify(value);
  return text.length <= ARGUMENT_CHARS ? value : `${headOf(text, ARGUMENT_CHARS)}… (${text.length} characters of JSON)`;
}
