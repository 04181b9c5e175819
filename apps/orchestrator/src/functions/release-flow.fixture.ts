import { PublishFlow, StartRun, type StepFunctions } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import type { TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { adaAsks, OrchestratorProcess } from '../orchestrator.fixture.js';

/** To start the flow. */
export const request = {
  flow: 'release',
  parameters: { version: '1.2' },
  choices: {},
  trigger: { kind: 'manual' },
} as const;

/** One log, and the orchestrators that work on it with functions of their own. */
export class ReleaseWorld {
  readonly #started: OrchestratorProcess[] = [];

  private constructor(private readonly database: TestDatabase) {}

  static async create(): Promise<ReleaseWorld> {
    return new ReleaseWorld(await logDatabase());
  }

  /** An orchestrator that has these functions, and a flow of these steps. */
  async given(functions: StepFunctions, steps: string): Promise<OrchestratorProcess> {
    const process = await this.another(functions);
    await process.publishProfile('plain');
    const source = `slug: release\ndefaults: { profile: plain }\nparameters: { version: string }\nsteps:\n${steps}`;
    const outcome = await process.commands.send(PublishFlow, { source }, adaAsks());
    if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
    return process;
  }

  async another(functions: StepFunctions): Promise<OrchestratorProcess> {
    const timers = () => new MemoryTimers();
    const process = await OrchestratorProcess.start(this.database.url, timers, undefined, { functions });
    this.#started.push(process);
    return process;
  }

  async ended(process: OrchestratorProcess): Promise<void> {
    this.#started.splice(this.#started.indexOf(process), 1);
    await process.stop();
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map(process => process.stop()));
    await this.database.drop();
  }
}

export async function begun(process: OrchestratorProcess): Promise<string> {
  const outcome = await process.commands.send(StartRun, request, adaAsks());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}
