import type { ApprovalDecided, GateAnswered, StepForceAdvanced, StepSkipped } from '@runledger/contracts';
import type { CommandHandler, EventStore, RecordedEvent } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { GrantBook } from '../grants/grant-book.js';
import { questionRequestId } from './ask-request.js';
import type { PermissionAsk, QuestionAsk } from './ask-request.js';
import { gateRequest } from './gate-request.js';
import type { Artifact, Gate, Started } from './gate-request.js';
import { Prompts } from './prompts.js';
import { RequestDesk } from './request-desk.js';
import { dataOf, RunFacts } from './run-facts.js';

/** Why open requests are moot once the run has come to this event. */
const ENDINGS: Readonly<Record<string, string>> = {
  RunCancelRequested: 'the run is being cancelled',
  RunCancelled: 'the run was cancelled',
  RunRejected: 'the run was rejected at another gate',
  RunFailed: 'the run failed',
};

const ASKS = ['GateReached', 'PermissionRequested', 'QuestionAsked'];
const ANSWERS = ['ApprovalDecided', 'GateAnswered', 'StepSkipped', 'StepForceAdvanced'];

type Answered = ReturnType<typeof GateAnswered>['data'];
type LeftOut = ReturnType<typeof StepSkipped | typeof StepForceAdvanced>['data'];

/**
 * A run reached a gate, or an agent asks → people are asked; a run ends → its open requests are withdrawn. Events of one run
 * come in order, so that no request is made after it was withdrawn.
 */
export class RequestsReactor implements Reactor {
  readonly name = 'approval.requests';
  readonly types = [...ASKS, ...ANSWERS, ...Object.keys(ENDINGS)];

  constructor(
    private readonly desk: RequestDesk,
    private readonly facts: RunFacts,
    private readonly prompts: Prompts,
  ) {}

  async react(event: RecordedEvent): Promise<void> {
    switch (event.type) {
      case 'GateReached':
        return this.#gate(event);
      case 'PermissionRequested':
        return this.prompts.permission(event);
      case 'QuestionAsked':
        return this.prompts.question(event);
      case 'ApprovalDecided':
        return this.#decided(event);
      case 'GateAnswered':
        return this.#answered(event);
      case 'StepSkipped':
      case 'StepForceAdvanced':
        return this.#leftOut(event);
      default:
        return this.#withdraw(event, await this.facts.before(event, ASKS), ENDINGS[event.type] ?? 'the run ended');
    }
  }

  async #gate(event: RecordedEvent): Promise<void> {
    const gate = event.data as Gate;
    const started = await this.facts.started(event.tenant, gate.runId);
    const files = keepsFiles(gate, started) ? await this.facts.before(event, ['ArtifactStored']) : [];
    const artifacts = files.map(file => dataOf<Artifact>(file));
    const command = gateRequest(gate, { started, artifacts, now: this.desk.now() });
    await this.desk.send(this.name, event, gate.gateId, command);
  }

  async #decided(event: RecordedEvent): Promise<void> {
    const { how, decision } = event.data as ReturnType<typeof ApprovalDecided>['data'];
    if (how !== 'PEOPLE' || (decision !== 'ALLOW_RUN' && decision !== 'ALLOW_ALWAYS')) return;
    await this.prompts.granted(event);
  }

  /**
   * Someone skipped or force-advanced the step instead of deciding here. A skip is that person's vote, which the policy may
   * not count; force is an administrator's approval whatever the policy says.
   */
  async #answered(event: RecordedEvent): Promise<void> {
    const { gateId, verb, decision, by, comment, answeredAt } = event.data as Answered;
    const said = { decision, by, ...(comment === undefined ? {} : { comment }), decidedAt: answeredAt };
    if (verb === 'SKIP') {
      await this.desk.offer(this.name, event, gateId, { type: 'DecideApproval', data: { requestId: gateId, ...said } });
    } else {
      await this.desk.send(this.name, event, gateId, { type: 'SettleApproval', data: { ...said, how: 'FORCE' } });
    }
  }

  /** What a step's agent asked is moot once people have left the step out. */
  async #leftOut(event: RecordedEvent): Promise<void> {
    const { step, by } = event.data as LeftOut;
    if (by.kind !== 'member') return;
    const asks = (await this.facts.before(event, ASKS)).filter(ask => (ask.data as { step: string }).step === step);
    await this.#withdraw(event, asks, 'the step was left out');
  }

  async #withdraw(event: RecordedEvent, asks: readonly RecordedEvent[], reason: string): Promise<void> {
    const ids = await Promise.all(asks.map(ask => this.#requestOf(ask)));
    for (const requestId of new Set(ids)) {
      if (requestId === undefined) continue;
      const data = { reason, withdrawnAt: this.desk.now() };
      await this.desk.send(this.name, event, requestId, { type: 'WithdrawApproval', data });
    }
  }

  async #requestOf(ask: RecordedEvent): Promise<string | undefined> {
    switch (ask.type) {
      case 'GateReached':
        return dataOf<Gate>(ask).gateId;
      case 'QuestionAsked':
        return questionRequestId(dataOf<QuestionAsk>(ask));
      default:
        return this.prompts.openRequestOf(ask.tenant, dataOf<PermissionAsk>(ask));
    }
  }
}

/** Whether a step that the gate shows may have kept files. */
function keepsFiles({ shown }: Gate, started: Started | undefined): boolean {
  const steps = new Set(shown.upstream.map(({ step }) => step));
  return started?.steps.some(({ key, artifacts }) => steps.has(key) && artifacts.length > 0) ?? false;
}

export function requestsReactor(store: EventStore, handler: CommandHandler, clock: Clock): RequestsReactor {
  const desk = new RequestDesk(handler, clock);
  const facts = new RunFacts(store);
  return new RequestsReactor(desk, facts, new Prompts(desk, facts, new GrantBook(handler)));
}
