import { deadEnd, h, problem } from './elements.js';
import { query } from './graphql.js';
import { parameterForm } from './parameter-form.js';
import { preflightCard } from './preflight.js';
import { FLOW, PREFLIGHT, START } from './queries.js';
import { showStarters } from './starters.js';

const EXECUTIONS = { '': 'Execution as the flow says', INTERACTIVE: 'Interactive', BACKGROUND: 'In the background' };
const CHECKPOINTS = {
  '': 'Gates as the flow says',
  TEMPLATE: 'The gates of the flow',
  EVERY_STEP: 'A gate before every step',
  NONE: 'No checkpoints',
};
const SETTLED_MS = 350;

/** Starts one flow: its parameters, the choices of a run, and what a start would meet now. Returns the function that ends it. */
export function startPage(page, slug) {
  let ended = false;
  let timer;
  const begin = () =>
    draw(page, slug, ask => {
      clearTimeout(timer);
      timer = setTimeout(() => ended || ask(), SETTLED_MS);
    }).catch(error => {
      if (ended) return;
      if (error.code === 'NOT_FOUND') deadEnd(page, error, { href: '#/flows', text: 'Flows' });
      else page.replaceChildren(problem(error, begin));
    });
  begin();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

async function draw(page, slug, settled) {
  const { flow, sandboxProfiles } = await query(FLOW, { slug });
  const form = parameterForm(flow.latestVersion.parameters);
  const profiles = Object.fromEntries(sandboxProfiles.map(profile => [profile.slug, profile.name]));
  const profile = choice('Sandbox', { '': 'Sandbox as the flow says', ...profiles });
  const execution = choice('Execution', EXECUTIONS);
  const checkpoints = choice('Checkpoints', CHECKPOINTS);
  const trouble = h('div');
  const button = h('button.primary', { type: 'submit' }, 'Start the run');
  const preview = h('div');
  const starters = h('div');
  // One key for this page: pressing the button twice starts one run.
  const idempotencyKey = crypto.randomUUID();
  const input = () => ({
    ...{ flow: slug, parameters: form.value(), profile: profile.value || null },
    ...{ execution: execution.value || null, checkpointMode: checkpoints.value || null },
  });
  const start = async event => {
    event.preventDefault();
    button.disabled = true;
    trouble.replaceChildren();
    try {
      const { startRun } = await query(START, { input: { ...input(), idempotencyKey } });
      if (startRun.__typename !== 'Run') throw startRun;
      location.hash = `#/runs/${startRun.id}`;
    } catch (error) {
      trouble.replaceChildren(problem(error));
      button.disabled = false;
    }
  };
  const look = () => settled(() => showPreflight(preview, input));
  page.replaceChildren(
    h('a.back', { href: '#/flows' }, '← Flows'),
    h('div.head', {}, h('h1', {}, flow.name, h('span.mute', {}, `version ${flow.latestVersion.version}`))),
    h('p.mute', {}, flow.description ?? ''),
    h(
      'div.start-run',
      {},
      h('form.card', { submit: start, input: look }, form.fields, profile, execution, checkpoints, button, trouble),
      h('div', {}, preview, starters),
    ),
  );
  showStarters(starters, slug).catch(error => starters.replaceChildren(problem(error)));
  look();
}

async function showPreflight(preview, input) {
  try {
    const { preflight } = await query(PREFLIGHT, { input: input() });
    preview.replaceChildren(preflightCard(preflight));
  } catch (error) {
    preview.replaceChildren(problem(error));
  }
}

function choice(label, options) {
  return h(
    'select',
    { 'aria-label': label },
    Object.entries(options).map(([value, text]) => h('option', { value }, text)),
  );
}
