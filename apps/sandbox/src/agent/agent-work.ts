import { isCommandLineAgent } from '@runledger/contracts';
import type { AgentWork, CommandLineAgent } from '@runledger/contracts';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { runAgentStep } from './agent-step.js';
import type { AgentSettings } from './agent-step.js';

/** The work of an agent step: by our own loop, by a program that has one, or by an agent at work elsewhere. What speaks with those is loaded when one is wanted. */
export async function runAgentWork(settings: AgentSettings, run: StepRun, work: AgentWork): Promise<StepResult> {
  if (work.provider === 'cursor-cloud') {
    const { runCloudStep } = await import('../cloud/cloud-step.js');
    return runCloudStep(settings.patience, run, work);
  }
  if (!isProgram(work)) return runAgentStep(settings, run, work);
  const { runProgramStep } = await import('../acp/program-step.js');
  return runProgramStep({ holdMs: settings.holdMs ?? 0 }, run, work);
}

function isProgram(work: AgentWork): work is AgentWork & { readonly provider: CommandLineAgent } {
  return isCommandLineAgent(work.provider);
}
