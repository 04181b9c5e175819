import type { ApprovalDecided, Grant } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { grantIdOf } from '../grants/grant-book.js';
import type { GrantBook } from '../grants/grant-book.js';
import type { ApprovalState } from './approval-state.js';
import { permissionRequest, permissionRequestId, questionRequest } from './ask-request.js';
import type { PermissionAsk, QuestionAsk } from './ask-request.js';
import type { RequestDesk } from './request-desk.js';
import { dataOf } from './run-facts.js';
import type { RunFacts } from './run-facts.js';

const NAME = 'approval.prompts';

type Decided = ReturnType<typeof ApprovalDecided>['data'];

/** What agents ask: permission to call a tool, and questions. */
export class Prompts {
  constructor(
    private readonly desk: RequestDesk,
    private readonly facts: RunFacts,
    private readonly book: GrantBook,
  ) {}

  async question(event: RecordedEvent): Promise<void> {
    const asked = event.data as QuestionAsk;
    const data = questionRequest(asked, this.desk.now());
    await this.desk.send(NAME, event, data.requestId, { type: 'RequestApproval', data });
  }

  /** Joins the open request for the same call, or makes the next one. A grant that was made meanwhile answers it. */
  async permission(event: RecordedEvent): Promise<void> {
    const asked = event.data as PermissionAsk;
    for (let round = 1; ; round += 1) {
      const requestId = permissionRequestId(asked, round);
      const data = permissionRequest(asked, requestId, this.desk.now());
      const state = await this.desk.send(NAME, event, requestId, { type: 'RequestApproval', data });
      if (state.status === 'open') return this.#settleByGrant(event, asked, requestId);
      if (waits(state, asked.callId)) return;
    }
  }

  /**
   * Someone allowed more than one call: that is a grant from now on, and it answers what else of this run it covers. A request
   * that is made after the grant finds it; one that was made before is found here.
   */
  async granted(event: RecordedEvent): Promise<void> {
    const decided = event.data as Decided;
    const asked = await this.#askOf(event, decided);
    if (!asked) return;
    const context = this.desk.context(NAME, event, 'grant');
    await this.book.make(grantOf(decided, asked.tool, context.occurredAt), context);
    for (const other of await this.facts.soFar(event, ['PermissionRequested'])) {
      const ask = dataOf<PermissionAsk>(other);
      const open = await this.openRequestOf(event.tenant, ask);
      if (open !== undefined) await this.#settleByGrant(event, ask, open);
    }
  }

  /** The open request in which the call waits. */
  async openRequestOf(tenant: string, asked: PermissionAsk): Promise<string | undefined> {
    for (let round = 1; ; round += 1) {
      const requestId = permissionRequestId(asked, round);
      const state = await this.desk.stateOf(tenant, requestId);
      if (state.status === 'absent') return undefined;
      if (waits(state, asked.callId)) return state.status === 'open' ? requestId : undefined;
    }
  }

  async #askOf(event: RecordedEvent, { calls }: Decided): Promise<PermissionAsk | undefined> {
    const asks = await this.facts.soFar(event, ['PermissionRequested']);
    return asks.map(ask => dataOf<PermissionAsk>(ask)).find(({ callId }) => calls.some(call => call.callId === callId));
  }

  async #settleByGrant(event: RecordedEvent, asked: PermissionAsk, requestId: string): Promise<void> {
    const { runId, tool } = asked;
    const now = this.desk.now();
    const grant = await this.book.covering(event.tenant, { runId, tool, arguments: asked.arguments, at: now });
    if (!grant) return;
    const comment = `Covered by the grant ${grant.grantId}.`;
    const settlement = { decision: 'ALLOW_ONCE', how: 'GRANT', by: grant.by, comment, decidedAt: now } as const;
    await this.desk.send(NAME, event, requestId, { type: 'SettleApproval', data: settlement });
  }
}

function waits(state: ApprovalState, callId: string): boolean {
  switch (state.status) {
    case 'absent':
      return false;
    case 'open':
      return state.calls.some(call => call.callId === callId);
    case 'decided':
      return state.winner.calls.some(call => call.callId === callId);
    case 'withdrawn':
      return state.withdrawal.calls.some(call => call.callId === callId);
  }
}

function grantOf(decided: Decided, tool: string, madeAt: string): Grant {
  const { requestId, runId, by, decision, grant } = decided;
  const scope = decision === 'ALLOW_RUN' ? 'run' : 'workspace';
  return { grantId: grantIdOf(requestId), scope, runId, requestId, tool, ...grant, by, madeAt };
}
