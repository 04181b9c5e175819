import type { ApprovalDecision, GateEvidence } from '@runledger/contracts';
import type { OpenApproval } from '../approvals/approval-state.js';
import type { Telling } from './telling.js';

const DECISION_WORDS: Readonly<Record<ApprovalDecision, string>> = {
  APPROVE: 'approved',
  REJECT: 'rejected',
  SKIP: 'skipped',
  REQUEST_CHANGES: 'asked for changes',
  FAIL: 'let it fail',
  ALLOW_ONCE: 'allowed it once',
  ALLOW_RUN: 'allowed it for this run',
  ALLOW_ALWAYS: 'allowed it always',
  DENY: 'denied it',
  ANSWER: 'answered',
};

/** What became of the request, in one line; undefined while it waits. */
export function endingOf({ request }: Telling): string | undefined {
  switch (request.status) {
    case 'absent':
    case 'open':
      return undefined;
    case 'decided': {
      const { by, decision, comment, answer } = request.winner;
      const said = typeof answer === 'string' ? `: ${answer}` : '';
      return `${by.name ?? by.id} ${DECISION_WORDS[decision]}${said}${comment === undefined ? '' : ` – “${comment}”`}`;
    }
    case 'withdrawn':
      return `Nobody needs to decide any more: ${request.withdrawal.reason}`;
  }
}

/** Where it waits: flow, step, run. */
export function placeLine({ started, notice }: Telling): string {
  const flow = started?.flowName ?? started?.flowSlug;
  return [flow, notice.step && `step ${notice.step}`, notice.runId].filter(part => part !== undefined).join(' · ');
}

/** What people need to see, beside the message: summaries of earlier steps, or the call. Lines without markup. */
export function evidenceLines({ shown }: OpenApproval): string[] {
  if ('tool' in shown) return [`${shown.tool}: ${JSON.stringify(shown.arguments)}`];
  if ('question' in shown) return (shown.choices ?? []).map(choice => `– ${choice}`);
  return upstreamLines(shown);
}

function upstreamLines({ upstream }: GateEvidence): string[] {
  return upstream.flatMap(({ name, outcome, summary }) =>
    summary === undefined ? [] : [`${name}${outcome === undefined ? '' : ` (${outcome})`}: ${summary}`],
  );
}

/** Who may decide, how many it takes, and how many have. */
export function policyLine({ request: { policy, deadline }, escalatedTo, votes }: OpenApproval): string {
  const named = policy.approvers && [...policy.approvers, ...escalatedTo].join(', ');
  const who = `May decide: ${named ?? 'any member who may run flows'}${policy.excludeStarter ? ', but not who started the run' : ''}`;
  const count = policy.count > 1 ? `${votes.length} of ${policy.count} have` : undefined;
  const until = deadline && `until ${deadline.dueAt}, then: ${deadline.onTimeout}`;
  return [who, count, until].filter(part => part !== undefined).join(' · ');
}

/** What is said when it is about no request: a run that stopped, a budget, a test. */
export function newsLine({ notice, event, channel }: Telling): string {
  const data = (event?.data ?? {}) as {
    readonly step?: string;
    readonly error?: { readonly message: string };
    readonly cause?: { readonly message?: string; readonly kind?: string };
    readonly percent?: number;
  };
  switch (notice.news) {
    case 'RUN_FAILED':
      return `The run failed at step ${data.step ?? '?'}: ${data.error?.message ?? ''}`;
    case 'RUN_BLOCKED':
      return `The run waits for something outside at step ${data.step ?? '?'}: ${data.cause?.message ?? data.cause?.kind ?? ''}`;
    case 'BUDGET_THRESHOLD':
      return `${data.percent ?? '?'} % of a budget is spent.`;
    default:
      return `This is a test of the channel “${channel.name}”: messages of Runledger arrive here.`;
  }
}
