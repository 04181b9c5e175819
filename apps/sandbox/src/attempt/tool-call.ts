import { ToolCallEnded, ToolCallStarted } from '@runledger/contracts';
import type { Json, StepError, ToolDetail } from '@runledger/contracts';
import { ATTRIBUTE, inSpan, markFailed } from '@runledger/platform';
import type { ExecRequest, ExecResult } from '../driver/sandbox-driver.js';
import { CallCutOffError, CallNotStartedError } from '../driver/sandbox-faults.js';
import type { RecordedCall } from './attempt-history.js';
import { CallOutput } from './call-output.js';
import { EgressNotes } from './egress-notes.js';
import { RecordedOutput } from './recorded-output.js';
import { execResumable } from './resumable-sandbox.js';
import type { StepRun } from './step-run.js';
import { tailOf } from './storable-text.js';

/** Of a call that was under way when its step was told to end. */
export const STOPPED: StepError = { code: 'CANCELLED', message: 'It was stopped.' };

export interface ToolCall {
  readonly callId: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, Json>>;
  readonly detail?: ToolDetail;
  readonly exec: Pick<ExecRequest, 'argv' | 'env' | 'stdin' | 'timeoutMs'>;
}

export interface ToolCallResult {
  readonly state: 'ok' | 'error' | 'cancelled';
  readonly output: string;
  readonly exitCode?: number;
  readonly error?: StepError;
  readonly stdoutTail: string;
}

/**
 * Runs one call and records it. A call that ended in the transcript is answered from there; one that ended in the sandbox's
 * journal only is played back by the driver; only an unfinished one runs (R2).
 */
export async function runToolCall(run: StepRun, call: ToolCall): Promise<ToolCallResult> {
  const recorded = run.history.calls.get(call.callId);
  if (recorded?.ended) return fromTranscript(recorded.ended, recorded);
  if (!recorded) recordStart(run, call);
  return inSpan(`execute_tool ${call.tool}`, { attributes: spanAttributes(call) }, async span => {
    const result = await recordEnd(run, call, await execRecorded(run, call, new RecordedOutput(recorded)));
    if (result.error) markFailed(span, result.error.code);
    return result;
  });
}

function spanAttributes({ tool, callId }: ToolCall) {
  return {
    [ATTRIBUTE.genAiOperation]: 'execute_tool',
    [ATTRIBUTE.genAiTool]: tool,
    [ATTRIBUTE.genAiToolCallId]: callId,
    [ATTRIBUTE.genAiToolType]: 'function',
  };
}

interface ExecutedCall {
  readonly output: CallOutput;
  readonly result: ExecResult;
}

async function execRecorded(run: StepRun, call: ToolCall, record: RecordedOutput): Promise<ExecutedCall> {
  let output = new CallOutput(call.callId, run.transcript, run.blobs, record);
  const egress = new EgressNotes(run, call.callId);
  const request: ExecRequest = {
    ...call.exec,
    callId: call.callId,
    signal: run.stop.signal,
    onOutput: (channel, chunk) => output.take(channel, chunk),
    onEgress: asked => egress.take(asked),
  };
  const fromTheStart = (): ExecRequest => {
    output.discard();
    output = new CallOutput(call.callId, run.transcript, run.blobs, record.rewound());
    return request;
  };
  try {
    const result = await execResumable(run.sandbox, request, run.history.epoch, fromTheStart);
    run.stop.throwIfLeft();
    egress.end();
    return { output, result };
  } catch (error) {
    output.discard();
    recordFault(run, call, error);
    throw error;
  }
}

/** The sandbox failed, and with it the attempt: its call did not just stay under way. */
function recordFault({ stop, transcript }: StepRun, { callId, tool }: ToolCall, fault: unknown): void {
  if (stop.signal.aborted || !(fault instanceof CallNotStartedError || fault instanceof CallCutOffError)) return;
  const { code, message } = fault;
  const named = { ...transcript.place, callId, tool, at: transcript.now() };
  transcript.add(ToolCallEnded({ ...named, state: 'error', output: '', error: { code, message }, durationMs: 0 }));
}

function fromTranscript(
  ended: NonNullable<RecordedCall['ended']>,
  recorded: { readonly stdout: string },
): ToolCallResult {
  const { state, output, exitCode, error } = ended;
  return {
    state,
    output,
    stdoutTail: tailOf(recorded.stdout, 8_192),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(error === undefined ? {} : { error }),
  };
}

function recordStart(run: StepRun, call: ToolCall): void {
  const { transcript } = run;
  transcript.add(
    ToolCallStarted({
      ...transcript.place,
      callId: call.callId,
      tool: call.tool,
      arguments: { ...call.arguments },
      ...(call.detail === undefined ? {} : { detail: call.detail }),
      at: transcript.now(),
    }),
  );
}

async function recordEnd(run: StepRun, call: ToolCall, { output, result }: ExecutedCall): Promise<ToolCallResult> {
  const whole = await output.finish();
  const error = failureOf(result, call.exec.timeoutMs, output.tail('stderr'));
  const state = result.why === 'cancelled' ? 'cancelled' : error ? 'error' : 'ok';
  const { transcript } = run;
  transcript.add(
    ToolCallEnded({
      ...transcript.place,
      ...whole,
      callId: call.callId,
      tool: call.tool,
      state,
      exitCode: result.exitCode,
      ...(error === undefined ? {} : { error }),
      durationMs: Math.max(0, Math.round(result.durationMs)),
      at: transcript.now(),
    }),
  );
  return {
    state,
    output: whole.output,
    exitCode: result.exitCode,
    stdoutTail: output.tail('stdout'),
    ...(error === undefined ? {} : { error }),
  };
}

/** What the way in which a call ended means to the people who read it; undefined for success. */
export function failureOf(result: ExecResult, timeoutMs: number, stderrTail: string): StepError | undefined {
  switch (result.why) {
    case 'exit':
      return result.exitCode === 0 ? undefined : commandFailed(result.exitCode, stderrTail);
    case 'timeout':
      return { code: 'TIMEOUT', message: `It did not end within ${Math.round(timeoutMs)} ms and was stopped.` };
    case 'oom':
      return {
        code: 'OUT_OF_MEMORY',
        message: 'It needed more memory than its profile allows and was stopped.',
        fix: 'Raise limits.memoryBytes in the sandbox profile.',
      };
    case 'output-limit':
      return {
        code: 'OUTPUT_LIMIT',
        message: 'It wrote more output than its profile allows and was stopped.',
        fix: 'Write less, or raise limits.outputBytes in the sandbox profile.',
      };
    case 'cancelled':
      return STOPPED;
  }
}

function commandFailed(exitCode: number, stderrTail: string): StepError {
  const said = tailOf(stderrTail.trim(), 2_000);
  return { code: 'COMMAND_FAILED', message: `Exit code ${exitCode}${said === '' ? '.' : `: ${said}`}` };
}
