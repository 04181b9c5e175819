import type { PermissionOption, RequestPermissionRequest, RequestPermissionResponse } from '@agentclientprotocol/sdk';
import { builtInTool, meansTool, OUTSIDE_TOOLS } from '@runledger/contracts';
import { objectionTo } from '../agent/asking-people.js';
import type { AgentRun } from '../agent/agent-run.js';
import type { AskingRun, Objection } from '../agent/asking-people.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepRun } from '../attempt/step-run.js';
import { heldFor } from './held-questions.js';
import type { NamedCall, ProgramCalls } from './program-calls.js';

/**
 * What the program wants to be allowed, asked of people by our rules. For a short while it is kept waiting as it is; then it is
 * left, and with its conversation goes on when people have answered: it holds no sandbox meanwhile (R2).
 */
export class ProgramPermissions {
  readonly #open = new Set<string>();
  readonly #answered = new Map<string, Promise<Objection>>();
  readonly #asking: AskingRun;

  /** `holdMs`: how long a program is kept waiting that has no agents at work. */
  constructor(
    private readonly run: Pick<AgentRun, keyof StepRun | 'team'>,
    private readonly calls: ProgramCalls,
    held: { readonly holdMs: number; hasAgents(): boolean },
  ) {
    this.#asking = { ...run, team: { whileOthersWork: heldFor(run, held.holdMs, () => held.hasAgents()) } };
  }

  /** For several questions at once any answer will do. */
  waitsWith(others: readonly string[]): AwaitingPeopleError {
    return AwaitingPeopleError.forAny([...this.#open, ...others].map(callId => new AwaitingPeopleError(callId)));
  }

  /** Throws {@link AwaitingPeopleError}. */
  async answer({ toolCall, options }: RequestPermissionRequest): Promise<RequestPermissionResponse> {
    if (this.calls.isServed(toolCall)) return chosen(options, ALLOWED); // people are asked when it is called
    const call = this.calls.asked(toolCall);
    if (!asks(this.run, call.tool)) return chosen(options, ALLOWED);
    const objection = await this.#objectionTo(call);
    if (objection === undefined) return chosen(options, ALLOWED);
    this.calls.denied(call, objection);
    return chosen(options, REFUSED);
  }

  /** A program that asks again about the very same call has its answer. */
  async #objectionTo(call: NamedCall): Promise<Objection> {
    const { callId, tool, input } = call;
    const asked = this.#answered.get(callId) ?? objectionTo(this.#asking, { callId, tool, input, shown: input });
    this.#answered.set(callId, asked);
    this.#open.add(callId);
    const objection = await asked;
    this.#open.delete(callId);
    return objection;
  }
}

/** Tools that we do not know ask like dangerous ones, wherever asking is switched on. */
function asks({ asking }: StepRun, tool: string): boolean {
  if (meansTool(asking, tool)) return true;
  const isOurs = builtInTool.safeParse(tool).success || tool.startsWith('mcp__');
  return !isOurs && asking.some(name => !OUTSIDE_TOOLS.includes(name));
}

/** For once in either case: who remembers what people have allowed is the platform. */
const ALLOWED: readonly PermissionOption['kind'][] = ['allow_once', 'allow_always'];
const REFUSED: readonly PermissionOption['kind'][] = ['reject_once', 'reject_always'];

function chosen(options: readonly PermissionOption[], kinds: readonly string[]): RequestPermissionResponse {
  const [option] = kinds.flatMap(kind => options.filter(offered => offered.kind === kind));
  return { outcome: option ? { outcome: 'selected', optionId: option.optionId } : { outcome: 'cancelled' } };
}
