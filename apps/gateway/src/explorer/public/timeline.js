import { downloadButton } from './download.js';
import { badge, details, h } from './elements.js';
import { cost, duration, json } from './formats.js';
import { decisionNote, gateCard } from './gate.js';

const ICONS = {
  PENDING: '○',
  RUNNING: '◐',
  WAITING: '❚❚',
  COMPLETED: '✓',
  FAILED: '✕',
  BLOCKED: '!',
  SKIPPED: '»',
  CANCELLED: '–',
};

/** Cards of steps, wave by wave. Gate cards are kept while they are open, so that a half-written comment survives. */
export function createTimeline({ choose, decided, buttonsOf }) {
  const gates = new Map();
  const gateOf = (gate, place) => {
    if (!gate || gate.state !== 'OPEN') return gate && decisionNote(gate);
    const key = `${place}/${gate.id}/${gate.shownHash}/${gate.votes.length}`;
    if (!gates.has(key)) gates.set(key, gateCard(gate, decided));
    return gates.get(key);
  };
  return (run, chosen) => {
    const waves = Map.groupBy(run.timeline, step => step.wave);
    return [...waves.values()].map(steps =>
      h(
        'div.wave',
        {},
        steps.map(step => {
          const shown = { asks: asksOf(run, step), buttons: buttonsOf(run, step) };
          return stepCard(step, { isChosen: step.key === chosen, choose, gateOf, ...shown });
        }),
      ),
    );
  };
}

/** What the agent of a step asks right now. */
function asksOf(run, { key }) {
  return run.approvals.filter(({ state, calls }) => state === 'OPEN' && calls.some(({ step }) => step === key));
}

function stepCard(step, { isChosen, choose, gateOf, asks, buttons }) {
  const state = step.state.toLowerCase();
  const press = event => !event.target.closest('button, a, textarea, summary, pre') && choose(step.key);
  const title = isChosen ? 'Show the transcript of all steps' : 'Show the transcript of this step only';
  const name = h(
    'button.step-name',
    { title, 'aria-pressed': String(isChosen), click: () => choose(step.key) },
    step.name,
  );
  return h(
    'article.step',
    { class: `is-${state}${isChosen ? ' is-chosen' : ''}`, click: press, 'data-part': step.key },
    h('span.step-icon', { 'aria-hidden': 'true' }, ICONS[step.state]),
    h(
      'div.step-body',
      {},
      h('header', {}, h('h3', {}, h('span.mute', {}, `${step.number}  `), name), badge(step.state)),
      h('p.step-facts.mute', {}, facts(step).join('  ·  ')),
      step.summary && h('p.step-summary', {}, step.summary),
      step.error &&
        h('p.step-error', {}, step.error.message, step.error.fix && h('span.mute', {}, ` ${step.error.fix}`)),
      gateOf(step.gate, step.key),
      asks.map(ask => gateOf(ask, step.key)),
      step.output !== null && details(`${step.key}/output`, 'Output', h('pre', {}, json(step.output))),
      step.artifacts.length > 0 && h('div.artifacts', {}, step.artifacts.map(artifactButton)),
      buttons,
    ),
  );
}

function facts(step) {
  const since = step.attempts.find(attempt => attempt.state === 'RUNNING')?.startedAt;
  const elapsed = since && !step.isPast ? Date.now() - Date.parse(since) : step.elapsedMs;
  return [
    { AGENT: `${step.provider} / ${step.model}`, COMMAND: 'command', GATE: 'gate' }[step.kind],
    elapsed !== null && duration(elapsed),
    step.turns > 0 && `${step.turns} turn${step.turns === 1 ? '' : 's'}`,
    (step.cost || step.unpriced) && cost(step.cost, step.unpriced),
    step.attempts.length > 1 && `attempt ${step.attempts.length}`,
    step.inheritedFrom && `done by #${step.inheritedFrom.run.number}`,
  ].filter(Boolean);
}

function artifactButton({ url, bytes, path }) {
  return downloadButton({ url, bytes, title: path }, path.split('/').at(-1));
}
