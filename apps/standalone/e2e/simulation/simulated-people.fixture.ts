import {
  CancelRun,
  Decide,
  DiscardRun,
  ForceAdvance,
  PauseRun,
  ResumeRun,
  RetryRun,
  RetryStep,
  SetBudget,
  SkipStep,
} from '@runledger/contracts';
import type { ApprovalRequested } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { CommandContext, RecordedEvent } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { CommandOutcome, CommandShape } from '@runledger/platform';
import type { Chance } from './chance.fixture.js';
import type { SimulatedLog } from './simulated-log.fixture.js';
import type { SimulatedMoney } from './simulated-money.fixture.js';

type AnyCommand = CommandShape<unknown, unknown, string>;
type Send = (command: AnyCommand, input: unknown, context: CommandContext) => Promise<CommandOutcome<unknown, string>>;

export interface PeopleParts {
  readonly seed: number;
  readonly chance: Chance;
  readonly log: SimulatedLog;
  readonly now: () => string;
  readonly send: Send;
  readonly answers: (command: AnyCommand) => boolean;
  readonly steps: readonly string[];
  readonly money: SimulatedMoney | undefined;
}

type Asked = readonly [AnyCommand, unknown];
const asked = (command: AnyCommand, input: unknown): Asked => [command, input];

const DECISIONS = ['APPROVE', 'APPROVE', 'APPROVE', 'APPROVE', 'REQUEST_CHANGES', 'REJECT', 'SKIP'] as const;
const MEMBERS = ['mem_ann', 'mem_bob', 'mem_cle'];

/** People who decide, cancel, pause, resume, retry and skip, too often and too late. */
export class SimulatedPeople {
  #asked = 0;
  readonly surprises: unknown[] = [];

  constructor(private readonly parts: PeopleParts) {}

  /** Somebody does something, whether it makes sense or not; sometimes the same request is sent twice. */
  act(runIds: readonly string[]): void {
    const { chance, money } = this.parts;
    const runId = chance.of(runIds);
    if (money && chance.happens(0.15)) return this.#ask(SetBudget, money.budget(runId));
    const step = chance.of(this.parts.steps);
    const requests = this.#requests();
    if (requests.length > 0 && chance.happens(0.6)) {
      const decision = chance.of(DECISIONS);
      return this.#ask(Decide, { requestId: chance.of(requests).requestId, decision, comment: 'as chance has it' });
    }
    const asks = [
      asked(PauseRun, { runId }),
      asked(ResumeRun, { runId }),
      asked(RetryStep, { runId, step }),
      asked(SkipStep, { runId, step }),
      asked(ForceAdvance, { runId, step }),
      asked(RetryRun, { runId, from: chance.of(['FAILED_STEP', 'BEGINNING']), version: 'SAME', mode: 'IN_PLACE' }),
      ...(chance.happens(0.25) ? [asked(CancelRun, { runId, mode: chance.of(['GRACEFUL', 'FORCE']) })] : []),
      ...(chance.happens(0.1) ? [asked(DiscardRun, { runId })] : []),
    ];
    const possible = asks.filter(([command]) => this.parts.answers(command));
    if (possible.length > 0) this.#ask(...chance.of(possible));
  }

  /** Everybody does what helps: gates are approved, and what stands still is resumed. Whoever waits for its turn has to get it. */
  helpOn(runIds: readonly string[]): void {
    const open = this.#open();
    for (const budget of this.parts.money?.raised(runIds) ?? []) this.#ask(SetBudget, budget, false);
    for (const { requestId } of open) this.#ask(Decide, { requestId, decision: 'APPROVE' }, false);
    if (open.length > 0 || !this.parts.answers(ResumeRun)) return;
    for (const runId of runIds) if (!this.#isQueued(runId)) this.#ask(ResumeRun, { runId }, false);
  }

  giveUp(runIds: readonly string[]): void {
    for (const runId of runIds) this.#ask(CancelRun, { runId, mode: 'FORCE' }, false);
  }

  #isQueued(runId: string): boolean {
    const moves = this.#of('RunPaused', 'RunResumed').map(({ data }) => data as { runId: string; cause?: string });
    return moves.findLast(move => move.runId === runId)?.cause === 'QUEUE';
  }

  #ask(command: unknown, input: unknown, twice = this.parts.chance.happens(0.3)): void {
    const context = this.#context();
    const send = () =>
      this.parts.send(command as AnyCommand, input, context).then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof RetryableError)) this.surprises.push(error);
        },
      );
    void send();
    if (twice) void send();
  }

  #context(): CommandContext {
    const { seed, chance, now } = this.parts;
    this.#asked += 1;
    const commandId = derivedId(`${seed}`, 'people', this.#asked);
    const actor = { kind: 'member', id: chance.of(MEMBERS), via: 'token' } as const;
    return { commandId, workspaceId: 'ws_sim', actor, occurredAt: now(), correlationId: commandId };
  }

  #requests(): ReturnType<typeof ApprovalRequested>['data'][] {
    return this.#of('ApprovalRequested').map(({ data }) => data as ReturnType<typeof ApprovalRequested>['data']);
  }

  #open(): ReturnType<typeof ApprovalRequested>['data'][] {
    const over = new Set(
      [...this.#of('ApprovalDecided'), ...this.#of('ApprovalWithdrawn')].map(
        ({ data }) => (data as { requestId: string }).requestId,
      ),
    );
    return this.#requests().filter(({ requestId }) => !over.has(requestId));
  }

  #of(...types: readonly string[]): RecordedEvent[] {
    return this.parts.log.events.filter(event => types.includes(event.type));
  }
}
