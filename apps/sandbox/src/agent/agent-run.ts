import type { StepRun } from '../attempt/step-run.js';
import type { BackgroundProcesses } from './background-processes.js';

/** What the tools of an agent need: the run of its step, and what lives for as long as the agent works. */
export interface AgentRun extends StepRun {
  readonly background: BackgroundProcesses;
}
