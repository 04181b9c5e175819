import { downloadButton } from './download.js';
import { badge, details, fill, h } from './elements.js';
import { ago, cost, duration, json } from './formats.js';
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

/**
 * Cards of steps, wave by wave. A card is made anew when what it says has changed, and only then: a run may have hundreds, and is
 * drawn every second. Gate cards are kept while they are open, so that a half-written comment survives.
 */
export function createTimeline({ choose, decided, buttonsOf }) {
  const gates = new Map();
  const waves = new Map();
  const cards = new Map();
  const gateOf = (gate, place) => {
    if (!gate || gate.state !== 'OPEN') return gate && decisionNote(gate);
    const key = `${place}/${gate.id}/${gate.shownHash}/${gate.votes.length}`;
    if (!gates.has(key))
      gates.set(
        key,
        gateCard(gate, () => decided(place)),
      );
    return gates.get(key);
  };
  const cardOf = (run, step, shown) => {
    const print = JSON.stringify([step, shown, facts(step), step.gate?.decision && ago(step.gate.decision.decidedAt)]);
    const held = cards.get(step.key);
    if (held?.print === print) return held.element;
    const element = stepCard(step, { ...shown, choose, gateOf, buttons: buttonsOf(run, step) });
    cards.set(step.key, { print, element });
    return element;
  };
  return (run, chosen) => {
    const asks = asksByStep(run);
    return [...Map.groupBy(run.timeline, step => step.wave)].map(([wave, steps]) => {
      if (!waves.has(wave)) waves.set(wave, h('div.wave'));
      const shownOf = ({ key }) => ({ isChosen: key === chosen, asks: asks.get(key) ?? [] });
      fill(
        waves.get(wave),
        steps.map(step => cardOf(run, step, shownOf(step))),
      );
      return waves.get(wave);
    });
  };
}

/** What the agents of the steps ask right now. */
function asksByStep({ approvals }) {
  const asks = new Map();
  for (const ask of approvals.filter(({ state }) => state === 'OPEN')) {
    for (const step of new Set(ask.calls.map(call => call.step))) asks.set(step, [...(asks.get(step) ?? []), ask]);
  }
  return asks;
}

function stepCard(step, { isChosen, choose, gateOf, asks, buttons }) {
  const state = step.state.toLowerCase();
  const press = ({ target }) => {
    const isElsewhere = target.closest('button, a, textarea, select, summary, pre') || !getSelection().isCollapsed;
    if (!isElsewhere) choose(step.key);
  };
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
    workOf(step),
    elapsed !== null && duration(elapsed),
    step.turns > 0 && `${step.turns} turn${step.turns === 1 ? '' : 's'}`,
    (step.cost || step.unpriced) && cost(step.cost, step.unpriced),
    step.attempts.length > 1 && `attempt ${step.attempts.length}`,
    step.inheritedFrom && `done by #${step.inheritedFrom.run.number}`,
  ].filter(Boolean);
}

function workOf({ kind, provider, model, function: called }) {
  return { AGENT: `${provider} / ${model}`, COMMAND: 'command', FUNCTION: `function ${called}`, GATE: 'gate' }[kind];
}

function artifactButton({ url, bytes, path }) {
  return downloadButton({ url, bytes, title: path }, path.split('/').at(-1));
}
