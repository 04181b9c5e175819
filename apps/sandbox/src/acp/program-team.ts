import type { AgentOrder, AgentRun, SubAgents } from '../agent/agent-run.js';
import { AgentTeam } from '../agent/agent-team.js';
import { AT_ONCE } from '../agent/spawn-agents.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import type { StopSwitch } from '../attempt/stop-switch.js';
import { ProgramBatches } from './program-batches.js';
import type { ProgramNames } from './program-names.js';

const NOT_WAITED_FOR = { code: 'CANCELLED', message: 'Whoever had started it went on without waiting for it.' };

/** How an agent that a program has started does its work. */
export type AgentStart = (run: AgentRun, order: AgentOrder) => Promise<StepResult>;

/** The agents that a program starts with `spawn_agents`: so many at a time, through all of its calls. */
export class ProgramTeam {
  readonly #turns: Map<string, number>;
  readonly #batches: ProgramBatches;
  #working = 0;

  constructor(
    private readonly run: StepRun,
    names: ProgramNames,
    private readonly parts: { readonly usualTurns: number; readonly start: AgentStart },
  ) {
    const { history } = run;
    this.#turns = new Map([...history.agentTurns].map(([agent, turns]) => [agent, turns.length]));
    this.#batches = new ProgramBatches(history, names);
  }

  /** Prompts that they were asked, in all. */
  get turns(): number {
    return [...this.#turns.values()].reduce((sum, turns) => sum + turns, 0);
  }

  get isAtWork(): boolean {
    return this.#working > 0;
  }

  until(stop: StopSwitch): SubAgents {
    return {
      turns: this.#turns,
      usualTurns: this.parts.usualTurns,
      team: this.#teamUntil(stop),
      firstOf: (callId, call) => this.#batches.firstOf(callId, call),
      work: (run, order) => this.#work(run, order, stop),
    };
  }

  readonly #teams = new WeakMap<StopSwitch, AgentTeam>();

  #teamUntil(stop: StopSwitch): AgentTeam {
    const team = this.#teams.get(stop) ?? new AgentTeam(AT_ONCE, stop.signal);
    this.#teams.set(stop, team);
    return team;
  }

  async #work(run: AgentRun, order: AgentOrder, { signal }: StopSwitch): Promise<StepResult> {
    if (signal.aborted) return { outcome: 'ERROR', turns: 0, error: NOT_WAITED_FOR };
    this.#working += 1;
    try {
      const end = await this.parts.start(run, order);
      return signal.aborted && !this.run.stop.signal.aborted ? { ...end, error: NOT_WAITED_FOR } : end;
    } finally {
      this.#working -= 1;
    }
  }
}
