import { h, problem } from './elements.js';
import { ago, json, who, words } from './formats.js';
import { query } from './graphql.js';
import { ANSWER, DECIDE } from './queries.js';

const LABELS = {
  APPROVE: 'Approve',
  REJECT: 'Reject',
  SKIP: 'Skip step',
  REQUEST_CHANGES: 'Request changes',
  ALLOW_ONCE: 'Allow once',
  ALLOW_RUN: 'Allow in this run',
  ALLOW_ALWAYS: 'Allow always',
  DENY: 'Deny',
  ANSWER: 'Answer',
};

const VERBS = {
  ALLOW_ONCE: 'allowed it once',
  ALLOW_RUN: 'allowed it in this run',
  ALLOW_ALWAYS: 'allowed it always',
  DENY: 'denied it',
  ANSWER: 'answered',
  APPROVE: 'approved',
  REJECT: 'rejected',
  SKIP: 'skipped',
  REQUEST_CHANGES: 'requested changes',
  FAIL: 'let it fail',
};

/**
 * The place where people decide: what is asked, what it builds on, and the buttons that this reader may press. Whoever was on one
 * of these has to be put somewhere else when it is `decided`.
 */
export function gateCard(gate, decided) {
  const hint = gate.kind === 'QUESTION' ? 'Your answer' : 'Comment, kept with the decision';
  const choices = gate.kind === 'QUESTION' && gate.shown.choices?.length > 0 ? gate.shown.choices : undefined;
  const comment = choices ? oneOf(choices, hint) : h('textarea', { rows: 2, placeholder: hint, 'aria-label': hint });
  const trouble = h('div');
  const buttons = gate.availableDecisions.map(decision =>
    h(`button.${decision.toLowerCase()}`, { click: () => decide(decision) }, LABELS[decision] ?? words(decision)),
  );
  const decide = async decision => {
    for (const button of buttons) button.disabled = true;
    trouble.replaceChildren();
    try {
      const outcome = await send(gate, decision, comment.value);
      if (outcome.__typename === 'DecisionRefused') throw outcome;
      decided();
    } catch (error) {
      trouble.replaceChildren(problem(error));
      for (const button of buttons) button.disabled = false;
    }
  };
  return h(
    'section.gate',
    {},
    h('p.gate-message', {}, gate.message),
    evidence(gate.shown),
    gate.votes.map(({ by, decision }) =>
      h('p.mute', {}, `${who(by)}: ${LABELS[decision] ?? words(decision)} (${gate.policy.count} have to agree)`),
    ),
    buttons.length === 0 && choices && h('p', {}, `One of: ${choices.join(', ')}`),
    buttons.length > 0
      ? [comment, h('div.buttons', {}, buttons)]
      : h('p.mute', {}, 'Others decide here: it takes the scope flows.run, and to be among those who are asked.'),
    trouble,
  );
}

/** Nobody has to type what is given already. */
function oneOf(choices, hint) {
  return h(
    'select',
    { 'aria-label': hint },
    choices.map(choice => h('option', { value: choice }, choice)),
  );
}

async function send({ id, shownHash }, decision, words) {
  if (decision === 'ANSWER') return (await query(ANSWER, { requestId: id, answer: words })).answerQuestion;
  const input = { requestId: id, decision, comment: words || null, shownHash };
  return (await query(DECIDE, { input })).decide;
}

function evidence(shown) {
  if (shown.tool) return h('div.evidence', {}, h('strong', {}, shown.tool), h('pre', {}, json(shown.arguments)));
  const upstream = (shown.upstream ?? []).filter(step => step.summary || step.output !== undefined);
  return upstream.map(step =>
    h(
      'div.evidence',
      {},
      h('strong', {}, step.name),
      step.summary && h('p', {}, step.summary),
      step.output !== undefined && h('pre', {}, json(step.output)),
    ),
  );
}

/** A gate that was passed, or not. */
export function decisionNote(gate) {
  if (!gate.decision) return undefined;
  const { decision, by, comment, decidedAt } = gate.decision;
  return h(
    'p.decision',
    { class: `is-${decision.toLowerCase()}` },
    h('strong', {}, who(by)),
    ` ${VERBS[decision] ?? words(decision)} `,
    h('span.mute', {}, ago(decidedAt)),
    comment && h('q', {}, comment),
  );
}
