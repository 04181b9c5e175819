import { h, problem } from './elements.js';
import { cost } from './formats.js';

const PLACES = { BEFORE: 'before', AFTER: 'after', BETWEEN: 'at' };

/** What a start would meet: what stops it, its steps wave by wave, the gates, the permissions and the estimate. */
export function preflightCard({ problems, warnings, steps, waves, gates, permissions, estimate }) {
  return h(
    'section.card.preflight',
    {},
    h('h2', {}, problems.length > 0 ? 'This cannot start yet' : 'What will happen'),
    problems.map(found => problem(found)),
    warnings.map(warning => h('div.note.is-waiting', {}, h('p', {}, warning.message), h('p.mute', {}, warning.fix))),
    Array.from({ length: waves }, (_, wave) => waveRow(steps, wave + 1)),
    gates.length > 0 && part('Gates', gates.map(gateLine)),
    permissions.length > 0 && part('Permissions', permissions.map(permissionLine)),
    part('Estimated cost', [estimateLine(estimate)]),
  );
}

function waveRow(steps, wave) {
  return h(
    'div.planned-wave',
    {},
    steps
      .filter(step => step.wave === wave)
      .map(step => h('div.planned', {}, h('strong', {}, step.name), h('span.mute', {}, workOf(step)))),
  );
}

function workOf({ kind, function: called, provider, model, conditional }) {
  const work = called ? `function ${called}` : kind.toLowerCase();
  return [work, provider && `${provider}/${model}`, conditional && 'perhaps'].filter(Boolean).join(' · ');
}

function gateLine({ position, step, everyStep, message, passedByItself }) {
  const where = everyStep ? 'before every step' : `${PLACES[position]} ${step}`;
  return `${where}${message ? `: ${message}` : ''}${passedByItself ? ' (passed by itself in the background)' : ''}`;
}

function permissionLine({ name, steps, asksFirst, held }) {
  const state = held ? 'granted already' : asksFirst ? 'asks first' : 'free';
  return `${name}${steps.length > 0 ? ` (${steps.join(', ')})` : ''}: ${state}`;
}

function estimateLine({ total, unpriced, runs, complete }) {
  if (!total && !unpriced) return complete && runs > 0 ? 'nothing' : 'nothing to judge by yet';
  return `${cost(total, unpriced)}${runs > 0 ? `, as in the last ${runs === 1 ? 'run' : `${runs} runs`}` : ''}`;
}

function part(title, lines) {
  return h(
    'div.part',
    {},
    h('h3', {}, title),
    h(
      'ul',
      {},
      lines.map(line => h('li', {}, line)),
    ),
  );
}
