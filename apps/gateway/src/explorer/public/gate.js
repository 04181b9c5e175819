import { h, problem } from './elements.js';
import { ago, json, who } from './formats.js';
import { query } from './graphql.js';
import { DECIDE } from './queries.js';

const LABELS = { APPROVE: 'Approve', REJECT: 'Reject', SKIP: 'Skip step' };

/** The place where people decide: what is asked, what it builds on, and the buttons that this reader may press. */
export function gateCard(gate, decided) {
  const comment = h('textarea', { rows: 2, placeholder: 'Comment, kept with the decision', 'aria-label': 'Comment' });
  const trouble = h('div');
  const buttons = gate.availableDecisions.map(decision =>
    h(`button.${decision.toLowerCase()}`, { click: () => decide(decision) }, LABELS[decision]),
  );
  const decide = async decision => {
    for (const button of buttons) button.disabled = true;
    trouble.replaceChildren();
    try {
      const input = { requestId: gate.id, decision, comment: comment.value || null, shownHash: gate.shownHash };
      const { decide: outcome } = await query(DECIDE, { input });
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
    buttons.length > 0
      ? [comment, h('div.buttons', {}, buttons)]
      : h('p.mute', {}, 'Deciding takes the scope flows.run.'),
    trouble,
  );
}

function evidence(shown) {
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
  const verbs = { APPROVE: 'approved', REJECT: 'rejected', SKIP: 'skipped' };
  return h(
    'p.decision',
    { class: `is-${decision.toLowerCase()}` },
    h('strong', {}, who(by)),
    ` ${verbs[decision]} `,
    h('span.mute', {}, ago(decidedAt)),
    comment && h('q', {}, comment),
  );
}
