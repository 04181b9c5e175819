import type { ToolCallPart } from '@ai-sdk/provider-utils';
import type { ToolCallResult } from '../attempt/tool-call.js';
import type { AgentRun } from './agent-run.js';
import { MOST_PROCESSES } from './background-processes.js';
import type { ProcessNews } from './background-processes.js';
import { recordedWork, refuse } from './recorded-call.js';
import type { WorkResult } from './recorded-call.js';
import { misfit } from './sandbox-tools.js';
import { toolInputs } from './tool-inputs.js';

export function runsInBackground(input: unknown): boolean {
  const parsed = toolInputs.bash.safeParse(input);
  return parsed.success && parsed.data.run_in_background === true;
}

/** Starts the command of a `bash` call and does not wait for it: the call's id names the process from then on. */
export async function startProcess(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const { command, timeout_ms: timeoutMs = Infinity } = toolInputs.bash.parse(call.input);
  return recordedWork(run, { callId, call, repeatable: true }, () => {
    if (run.background.full) {
      return Promise.resolve(failed('TOO_MANY_PROCESSES', `At most ${MOST_PROCESSES} run at a time; stop one first.`));
    }
    run.background.start({ id: callId, command, timeoutMs: Math.min(timeoutMs, run.remainingMs()) });
    return Promise.resolve({ output: `It runs in the background as ${callId}.` });
  });
}

export async function readProcess(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const asked = toolInputs.bash_output.safeParse(call.input);
  if (!asked.success) return refuse(run, callId, call, misfit('bash_output', asked.error));
  const { id, wait_ms: waitMs = 0 } = asked.data;
  return recordedWork(run, { callId, call, repeatable: true }, async () =>
    newsOf(id, await run.background.read(id, waitMs)),
  );
}

export async function stopProcess(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const asked = toolInputs.bash_stop.safeParse(call.input);
  if (!asked.success) return refuse(run, callId, call, misfit('bash_stop', asked.error));
  const { id } = asked.data;
  return recordedWork(run, { callId, call, repeatable: true }, async () => newsOf(id, await run.background.stop(id)));
}

function newsOf(id: string, news: ProcessNews | undefined): WorkResult {
  if (news) return { output: news.text };
  const ends = 'background commands end with the worker, and while the agent waits for people';
  return failed('PROCESS_GONE', `No background command ${id} runs: ${ends}. Start it again if you need it.`);
}

function failed(code: string, message: string): WorkResult {
  return { output: message, error: { code, message } };
}
