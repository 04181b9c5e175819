import type { ToolCallPart } from '@ai-sdk/provider-utils';
import type { ToolCallResult } from '../attempt/tool-call.js';
import type { AgentRun } from './agent-run.js';
import { recordedWork } from './recorded-call.js';
import { toolInputs } from './tool-inputs.js';

/** Starts a run of another flow and does not wait for it. The call's id is the key: it starts nothing twice (R1). */
export async function startFlow(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const { flow, parameters = {}, profile } = toolInputs.start_flow.parse(call.input);
  return recordedWork(run, { callId, call, repeatable: true }, async () => {
    const asked = { callId, flow, parameters, profile };
    const answer = await run.flows.start(asked);
    if (answer.started) return { output: `Run ${answer.runId} of flow ${flow} has started.` };
    const { code, message, fix } = answer;
    const output = fix === undefined ? message : `${message} ${fix}`;
    return { output, error: { code, message, ...(fix === undefined ? {} : { fix }) } };
  });
}
