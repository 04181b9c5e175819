import type { ApprovalNode } from '../approvals/approval-nodes.js';

/** Nothing is loaded, nothing runs, nobody frames it, and its form goes nowhere but here. */
export const DECISION_PAGE_SECURITY: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; style-src 'none'; script-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
};

const LABELS: Readonly<Record<string, string>> = {
  APPROVE: 'Approve',
  REJECT: 'Reject',
  SKIP: 'Skip this step',
  REQUEST_CHANGES: 'Request changes',
  ALLOW_ONCE: 'Allow once',
  ALLOW_RUN: 'Allow for this run',
  ALLOW_ALWAYS: 'Allow always',
  DENY: 'Deny',
};

/** The request as it is now, and a form. Looking at it decides nothing: programs that follow links in mail look as well. */
export function decisionPage(request: ApprovalNode, ticket: string, shownHash: string): string {
  const { message, step, runId, shown, availableDecisions } = request;
  const around = [`<h1>${escaped(message)}</h1>`, `<p>Step ${escaped(step)} of ${escaped(runId)}</p>`];
  const evidence = `<pre>${escaped(JSON.stringify(shown, undefined, 2))}</pre>`;
  if (request.state !== 'OPEN') return page(message, [...around, `<p>${escaped(endingOf(request))}</p>`]);
  if (request.shownHash !== shownHash) {
    return page(message, [
      ...around,
      '<p>What is shown has changed since this letter was sent. Follow the newest one.</p>',
    ]);
  }
  if (availableDecisions.length === 0) return page(message, [...around, evidence, '<p>You may not decide here.</p>']);
  const fields = availableDecisions.includes('ANSWER') ? answerFields(request) : decisionFields(availableDecisions);
  const form = [
    '<form method="post">',
    `<input type="hidden" name="ticket" value="${escaped(ticket)}">`,
    ...fields,
    '</form>',
  ];
  return page(message, [...around, evidence, ...form]);
}

/** One paragraph: what came of it. */
export function wordsPage(title: string, text: string): string {
  return page(title, [`<h1>${escaped(title)}</h1>`, `<p>${escaped(text)}</p>`]);
}

function decisionFields(decisions: readonly string[]): string[] {
  return [
    '<p><label>Comment <textarea name="comment" rows="3" cols="60" maxlength="10000"></textarea></label></p>',
    ...decisions.map(one => `<button name="decision" value="${escaped(one)}">${escaped(LABELS[one] ?? one)}</button>`),
  ];
}

function answerFields({ shown }: ApprovalNode): string[] {
  const choices = 'question' in shown ? shown.choices : undefined;
  const decision = '<input type="hidden" name="decision" value="ANSWER">';
  if (choices) {
    return [decision, ...choices.map(one => `<button name="answer" value="${escaped(one)}">${escaped(one)}</button>`)];
  }
  const text = '<textarea name="answer" rows="6" cols="60" maxlength="100000" required></textarea>';
  return [decision, `<p><label>Answer ${text}</label></p>`, '<button>Answer</button>'];
}

function endingOf({ decision, withdrawnReason }: ApprovalNode): string {
  if (decision) return `${decision.by.name ?? decision.by.id} already decided: ${decision.decision}.`;
  return `Nobody needs to decide this any more: ${withdrawnReason ?? 'it is over'}.`;
}

function page(title: string, parts: readonly string[]): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>`;
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body>\n${parts.join('\n')}\n</body></html>\n`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
