import { meansTool, toolName } from '@runledger/contracts';
import type { Json, ToolName } from '@runledger/contracts';
import type { ModelMessage, ToolCallPart, ToolModelMessage, ToolResultPart } from '@ai-sdk/provider-utils';
import { runToolCall } from '../attempt/tool-call.js';
import type { ToolCallResult } from '../attempt/tool-call.js';
import { prefixOf } from './agent-run.js';
import type { AgentRun } from './agent-run.js';
import { answerOf, objectionTo } from './asking-people.js';
import { readProcess, runsInBackground, startProcess, stopProcess } from './background-calls.js';
import { argumentsOf, failure, refuse, withoutWork } from './recorded-call.js';
import { DEEPER, spawnAgents } from './spawn-agents.js';
import { startFlow } from './start-flow.js';
import { isUnreadable } from './sendable-messages.js';
import { misfit, planCall } from './sandbox-tools.js';
import { isBuiltIn, toolInputs } from './tool-inputs.js';
import type { SandboxTool } from './tool-inputs.js';
import { fetchForAgent } from './web-fetch.js';

const UNREADABLE_CALL =
  'The arguments of this call are no JSON object; they may have been cut off. Call the tool again with all of them.';

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
  run: AgentRun,
  turn: number,
  calls: readonly ToolCallPart[],
): Promise<ToolModelMessage> {
  const { step, attempt } = run.attempt.place;
  const prefix = prefixOf(run.transcript.place);
  const content: ToolResultPart[] = [];
  for (const [index, call] of calls.entries()) {
    if (run.stop.signal.aborted) break;
    run.stop.throwIfPaused();
    const result = await answerCall(run, `${step}.${attempt}.${prefix}t${turn}.${index + 1}`, call);
    content.push(resultPart(call, result));
  }
  run.stop.throwIfLeft();
  return { role: 'tool', content };
}

/** Does what a call asks for, unless it may not; records it under the id, once. Throws `AwaitingPeopleError`. */
export async function answerCall(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const known = toolName.safeParse(call.toolName);
  if (!run.subAgents && known.data === 'spawn_agents') return refuse(run, callId, call, DEEPER);
  if (!known.success || !run.tools.includes(known.data)) {
    return refuse(run, callId, call, `There is no tool ${call.toolName} here; there are ${run.tools.join(', ')}.`);
  }
  const tool = known.data;
  if (isUnreadable(call.input)) return refuse(run, callId, call, UNREADABLE_CALL);
  if (!isBuiltIn(tool)) return (await denialOf(run, callId, call, tool)) ?? run.mcp.call(run, callId, call);
  switch (tool) {
    case 'ask_user':
      return askUser(run, callId, call);
    case 'todo_write':
      return writeTodos(run, callId, call);
    case 'spawn_agents':
      return (await denialOf(run, callId, call, tool)) ?? spawnAgents(run, callId, call);
    case 'start_flow':
      return flow(run, callId, call);
    case 'web_fetch':
      return webFetch(run, callId, call);
    case 'bash_output':
      return readProcess(run, callId, call);
    case 'bash_stop':
      return stopProcess(run, callId, call);
    case 'bash':
    case 'read_file':
    case 'write_file':
    case 'edit_file':
    case 'list_files':
    case 'search_files':
      return callTool(run, callId, call, tool);
  }
}

async function callTool(run: AgentRun, callId: string, call: ToolCallPart, tool: SandboxTool): Promise<ToolCallResult> {
  const plan = planCall(tool, call.input as Json);
  if ('refused' in plan) return refuse(run, callId, call, plan.refused);
  const denied = await denialOf(run, callId, call, tool);
  if (denied) return denied;
  if (tool === 'bash' && runsInBackground(call.input)) return startProcess(run, callId, call);
  const timeoutMs = Math.min(plan.exec.timeoutMs, run.remainingMs());
  const exec = { ...plan.exec, timeoutMs };
  return runToolCall(run, { ...plan, callId, tool, arguments: argumentsOf(call.input), exec });
}

/** How a call ends that people would not allow; undefined: it may go ahead. */
async function denialOf(run: AgentRun, callId: string, call: ToolCallPart, tool: ToolName) {
  if (!meansTool(run.asking, tool)) return undefined;
  const input = call.input as Record<string, Json>;
  const objection = await objectionTo(run, { callId, tool, input, shown: argumentsOf(input) });
  return objection === undefined ? undefined : withoutWork(run, callId, call, failure('DENIED', objection));
}

async function askUser(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const asked = toolInputs.ask_user.safeParse(call.input);
  if (!asked.success) return refuse(run, callId, call, misfit('ask_user', asked.error));
  const output = await answerOf(run, { callId, ...asked.data });
  return withoutWork(run, callId, call, { state: 'ok', output, stdoutTail: '' });
}

async function flow(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const asked = toolInputs.start_flow.safeParse(call.input);
  if (!asked.success) return refuse(run, callId, call, misfit('start_flow', asked.error));
  return (await denialOf(run, callId, call, 'start_flow')) ?? startFlow(run, callId, call);
}

async function webFetch(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const asked = toolInputs.web_fetch.safeParse(call.input);
  if (!asked.success) return refuse(run, callId, call, misfit('web_fetch', asked.error));
  return (await denialOf(run, callId, call, 'web_fetch')) ?? fetchForAgent(run, callId, call);
}

function writeTodos(run: AgentRun, callId: string, call: ToolCallPart): ToolCallResult {
  const list = toolInputs.todo_write.safeParse(call.input);
  if (!list.success) return refuse(run, callId, call, misfit('todo_write', list.error));
  const items = list.data.todos;
  const done = items.filter(({ status }) => status === 'completed').length;
  const output = `The list has ${items.length} items, ${done} of them completed.`;
  return withoutWork(run, callId, call, { state: 'ok', output, stdoutTail: '', detail: { kind: 'todo', items } });
}

function resultPart(call: ToolCallPart, result: ToolCallResult): ToolResultPart {
  const { toolCallId, toolName: name } = call;
  const type = result.state === 'ok' ? 'text' : 'error-text';
  return { type: 'tool-result', toolCallId, toolName: name, output: { type, value: resultText(result) } };
}

/** As the agent reads it. */
export function resultText({ state, output, error, exitCode }: ToolCallResult): string {
  if (state === 'ok') return output === '' ? '(no output)' : output;
  // What a program complained of is the end of its output already.
  const isToldByOutput = error?.code === 'COMMAND_FAILED' && exitCode !== undefined && output !== '';
  const message = isToldByOutput ? `Exit code ${exitCode}.` : error?.message;
  const reason = error ? `${error.code}: ${message}` : 'The call was stopped.';
  return output === '' || output === error?.message ? reason : `${reason}\n${output}`;
}
