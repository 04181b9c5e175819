import type { Json, ToolName } from '@runledger/contracts';
import type { AgentRun } from '../agent/agent-run.js';
import { answerCall, resultText } from '../agent/tool-round.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepRun } from '../attempt/step-run.js';
import { StopSwitch } from '../attempt/stop-switch.js';
import type { ToolAnswer } from '../mcp/mcp-endpoint.js';
import { callHashOf } from './program-call.js';
import type { ServedCallNames } from './served-call-names.js';

/** Of one program at a time; what is more is told to come later. */
const MOST_AT_ONCE = 16;
/** Some go round in circles. */
const MOST_CALLS = 500;

/** What the tools that are served need, until `stop` says that nobody waits for them any more. */
export type ServedRun = (stop: StopSwitch) => AgentRun;

interface MadeCall {
  readonly hash: string;
  readonly tool: string;
  readonly answer: Promise<ToolAnswer>;
  isOver: boolean;
  /** How many wait for its answer now. */
  callers: number;
}

export interface ServedCallsOf {
  readonly run: StepRun;
  readonly names: ServedCallNames;
  readonly runWith: ServedRun;
  /** A batch of agents is answered within this time, so that no client loses patience; left out: when it is done. */
  readonly patienceMs: number | undefined;
}

/**
 * The calls that a program makes of our tools. Clients of servers give up on a call after a time of their own; the call goes on, and is not made
 * once more when they ask for the same again: its answer was not heard, and is theirs (R2).
 */
export class ServedCalls {
  readonly #made = new Set<MadeCall>();
  readonly #waiting = new Set<string>();
  #stop: StopSwitch;
  #count = 0;
  /** Ends the conversation: set by whoever holds it. */
  onLeave: (error: unknown) => void = () => undefined;

  constructor(private readonly parts: ServedCallsOf) {
    this.#stop = within(parts.run.stop);
  }

  /** Questions and permissions that they wait for. */
  get waiting(): readonly string[] {
    return [...this.#waiting];
  }

  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** `gone` aborts when whoever called does not wait any more. */
  call(tool: ToolName, input: Record<string, Json>, gone: AbortSignal): Promise<ToolAnswer> {
    const hash = callHashOf(tool, input);
    const unheard = this.#unheard(one => one.hash === hash);
    if (unheard) return this.#heard(unheard, gone);
    if (this.#underWay >= MOST_AT_ONCE) {
      return Promise.resolve(refused(`${MOST_AT_ONCE} calls are under way: wait for one of them.`));
    }
    if (this.#count >= MOST_CALLS) {
      return Promise.resolve(refused(`${MOST_CALLS} calls were made: there are no more in this step.`));
    }
    this.#count += 1;
    return this.#heard(this.#begin(tool, input, hash), gone);
  }

  /** The rest of what `spawn_agents` had begun when it had to answer. */
  awaitAgents(gone: AbortSignal): Promise<ToolAnswer> {
    const batch = this.#unheard(({ tool }) => tool === 'spawn_agents');
    return batch ? this.#heard(batch, gone) : Promise.resolve({ text: NOBODY_WORKS, isError: true });
  }

  /** Ends those that the program did not wait for. */
  drop(): Promise<void> {
    return this.#end('cancelled');
  }

  /** Ends them so that they can go on later. */
  leave(): Promise<void> {
    return this.#end('shutdown');
  }

  async #end(cause: 'cancelled' | 'shutdown'): Promise<void> {
    const [stop, made] = [this.#stop, [...this.#made]];
    this.#stop = within(this.parts.run.stop);
    this.#made.clear();
    stop.stop(cause, true);
    await Promise.allSettled(made.map(({ answer }) => answer));
  }

  get #underWay(): number {
    return [...this.#made].filter(({ isOver }) => !isOver).length;
  }

  #unheard(isMeant: (made: MadeCall) => boolean): MadeCall | undefined {
    return [...this.#made].find(made => made.callers === 0 && isMeant(made));
  }

  #begin(tool: ToolName, input: Record<string, Json>, hash: string): MadeCall {
    const made: MadeCall = { hash, tool, answer: this.#answered(tool, input), isOver: false, callers: 0 };
    const onEnd = (): void => void (made.isOver = true);
    made.answer.then(onEnd, onEnd); // whoever waits hears how
    for (const old of this.#made) if (old.isOver && this.#made.size >= MOST_AT_ONCE) this.#made.delete(old);
    this.#made.add(made);
    return made;
  }

  async #heard(made: MadeCall, gone: AbortSignal): Promise<ToolAnswer> {
    made.callers += 1;
    try {
      const first = await this.#first(made, gone);
      if (first === 'gone') return refused('Nobody waits for this.');
      if (first === 'late') return { text: STILL_AT_WORK, isError: false };
      this.#made.delete(made);
      return first;
    } catch {
      // Whoever holds the conversation has heard why: the program is about to be ended, and must not go on as if it had an answer.
      this.#made.delete(made);
      await when(gone);
      return refused('Nobody waits for this.');
    } finally {
      made.callers -= 1;
    }
  }

  /** Whatever comes first of an answer, the end of the program's patience and the end of whoever asked. */
  async #first(made: MadeCall, gone: AbortSignal): Promise<ToolAnswer | 'gone' | 'late'> {
    const { patienceMs } = this.parts;
    if (made.tool !== 'spawn_agents' || patienceMs === undefined) return Promise.race([made.answer, when(gone)]);
    const over = new AbortController();
    try {
      return await Promise.race([made.answer, when(gone), after(patienceMs, over.signal)]);
    } finally {
      over.abort();
    }
  }

  async #answered(tool: ToolName, input: Record<string, Json>): Promise<ToolAnswer> {
    const { names, runWith } = this.parts;
    const stop = this.#stop;
    const callId = names.of(tool, input);
    try {
      const call = { type: 'tool-call', toolCallId: callId, toolName: tool, input } as const;
      const result = await answerCall(runWith(stop), callId, call);
      return { text: resultText(result), isError: result.state !== 'ok' };
    } catch (error) {
      if (this.#stop === stop) {
        if (error instanceof AwaitingPeopleError) this.#waiting.add(error.callId);
        this.onLeave(error);
      }
      throw error;
    }
  }
}

const STILL_AT_WORK =
  'The agents are at work and not done yet. Call await_agents to wait for their reports; nothing is lost meanwhile.';
const NOBODY_WORKS =
  'No agents are at work. If you were interrupted while they were, call spawn_agents again with the very same arguments: they go on where they were.';

function refused(text: string): ToolAnswer {
  return { text: `LIMIT: ${text}`, isError: true };
}

/** Stops when the outer one does, and can be stopped before. */
function within(outer: StopSwitch): StopSwitch {
  const inner = new StopSwitch();
  const onStop = (): void => inner.stop(outer.cause ?? 'lost', outer.signal.reason === 'force');
  const onPause = (): void => inner.pause();
  outer.signal.addEventListener('abort', onStop, { once: true });
  outer.pausing.addEventListener('abort', onPause, { once: true });
  if (outer.signal.aborted) onStop();
  if (outer.pausing.aborted) onPause();
  return inner;
}

function when(signal: AbortSignal): Promise<'gone'> {
  return new Promise(resolve => {
    if (signal.aborted) resolve('gone');
    else signal.addEventListener('abort', () => resolve('gone'), { once: true });
  });
}

function after(ms: number, signal: AbortSignal): Promise<'late'> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve('late'), ms);
    timer.unref();
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
