import { ToolCallEnded, ToolCallStarted, toolName } from '@runledger/contracts';
import type { Json, ToolName } from '@runledger/contracts';
import type { ModelMessage, ToolCallPart, ToolModelMessage, ToolResultPart } from 'ai';
import type { StepRun } from '../attempt/step-run.js';
import { headOf } from '../attempt/storable-text.js';
import { runToolCall } from '../attempt/tool-call.js';
import type { ToolCallResult } from '../attempt/tool-call.js';
import { answerOf, objectionTo } from './asking-people.js';
import { misfit, planCall } from './sandbox-tools.js';
import { ALL_TOOLS, toolInputs } from './tool-inputs.js';
import type { SandboxTool } from './tool-inputs.js';

const ARGUMENT_CHARS = 65_536;

/** The calls that the assistant asks for in its messages, in its order. */
export function requestedCalls(messages: readonly ModelMessage[]): ToolCallPart[] {
  return messages.flatMap(message =>
    message.role === 'assistant' && typeof message.content !== 'string'
      ? message.content.filter((part): part is ToolCallPart => part.type === 'tool-call')
      : [],
  );
}

/**
 * Runs a turn's calls one after the other and answers with the message that carries their results. The n-th call of turn k has
 * the same id each time, so what is finished is not run again (R2). After a stop the rest is not begun.
 */
export async function answerCalls(
  run: StepRun,
  turn: number,
  calls: readonly ToolCallPart[],
): Promise<ToolModelMessage> {
  const { step, attempt } = run.attempt.place;
  const content: ToolResultPart[] = [];
  for (const [index, call] of calls.entries()) {
    if (run.stop.signal.aborted) break;
    run.stop.throwIfPaused();
    const result = await answerCall(run, `${step}.${attempt}.t${turn}.${index + 1}`, call);
    content.push(resultPart(call, result));
  }
  run.stop.throwIfLeft();
  return { role: 'tool', content };
}

async function answerCall(run: StepRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const known = toolName.safeParse(call.toolName);
  const allowed: readonly ToolName[] = run.attempt.ready.agent?.tools ?? ALL_TOOLS;
  if (!known.success || !allowed.includes(known.data)) {
    return refuse(run, callId, call, `There is no tool ${call.toolName} here; there are ${allowed.join(', ')}.`);
  }
  return known.data === 'ask_user' ? askUser(run, callId, call) : callTool(run, callId, call, known.data);
}

async function callTool(run: StepRun, callId: string, call: ToolCallPart, tool: SandboxTool): Promise<ToolCallResult> {
  const plan = planCall(tool, call.input as Json);
  if ('refused' in plan) return refuse(run, callId, call, plan.refused);
  const args = argumentsOf(call.input);
  if (run.asking.includes(tool)) {
    const objection = await objectionTo(run, { callId, tool, input: call.input as Record<string, Json>, shown: args });
    if (objection !== undefined) return withoutProgram(run, callId, call, failure('DENIED', objection));
  }
  const timeoutMs = Math.min(plan.exec.timeoutMs, run.remainingMs());
  return runToolCall(run, { ...plan, callId, tool, arguments: args, exec: { ...plan.exec, timeoutMs } });
}

async function askUser(run: StepRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const asked = toolInputs.ask_user.safeParse(call.input);
  if (!asked.success) return refuse(run, callId, call, misfit('ask_user', asked.error));
  const output = await answerOf(run, { callId, ...asked.data });
  return withoutProgram(run, callId, call, { state: 'ok', output, stdoutTail: '' });
}

/** A call that cannot be made is answered with an error, as any failed call; the agent goes on. */
function refuse(run: StepRun, callId: string, call: ToolCallPart, message: string): ToolCallResult {
  return withoutProgram(run, callId, call, failure('INVALID_TOOL_CALL', message));
}

function failure(code: string, message: string): ToolCallResult {
  return { state: 'error', output: message, error: { code, message }, stdoutTail: '' };
}

/** Records a call for which nothing runs, once. */
function withoutProgram(run: StepRun, callId: string, call: ToolCallPart, result: ToolCallResult): ToolCallResult {
  const { transcript, history } = run;
  const recorded = history.calls.get(callId);
  const { state, output, error } = result;
  const named = { ...transcript.place, callId, tool: call.toolName, at: transcript.now() };
  if (!recorded) transcript.add(ToolCallStarted({ ...named, arguments: argumentsOf(call.input) }));
  if (!recorded?.ended) {
    transcript.add(
      ToolCallEnded({ ...named, state, output, ...(error === undefined ? {} : { error }), durationMs: 0 }),
    );
  }
  return result;
}

/** Arguments as the event keeps them: what is very long is in the turn's messages anyway. */
function argumentsOf(input: unknown): Record<string, Json> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return { value: (input ?? null) as Json };
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, shortened(value as Json)]));
}

function shortened(value: Json): Json {
  if (typeof value !== 'string' || value.length <= ARGUMENT_CHARS) return value;
  return `${headOf(value, ARGUMENT_CHARS)}… (${value.length} characters in all)`;
}

function resultPart(call: ToolCallPart, result: ToolCallResult): ToolResultPart {
  const { toolCallId, toolName: name } = call;
  if (result.state === 'ok') {
    const value = result.output === '' ? '(no output)' : result.output;
    return { type: 'tool-result', toolCallId, toolName: name, output: { type: 'text', value } };
  }
  const reason = result.error ? `${result.error.code}: ${result.error.message}` : 'The call was stopped.';
  const value = result.output === '' || result.output === reason ? reason : `${reason}\n${result.output}`;
  return { type: 'tool-result', toolCallId, toolName: name, output: { type: 'error-text', value } };
}
