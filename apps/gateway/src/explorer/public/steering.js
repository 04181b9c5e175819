import { fill, h } from './elements.js';
import { ago, until } from './formats.js';
import { query } from './graphql.js';
import { STEERING } from './queries.js';

const RUN_VERBS = {
  PAUSE: { text: 'Pause', verb: 'pauseRun' },
  RESUME: { text: 'Resume', verb: 'resumeRun', primary: true },
  RETRY: { text: 'Retry', verb: 'retryRun', primary: true, title: 'From the failed step, in this run' },
  DISCARD: { text: 'Discard', verb: 'discardRun', sure: 'Put this run away for good? Nothing resumes it then.' },
};

const STEP_VERBS = {
  SKIP: { text: 'Skip', verb: 'skipStep', title: 'The run goes on without this step' },
  FORCE_ADVANCE: { text: 'Force', verb: 'forceAdvance', sure: 'Move the run past this step, as your own decision?' },
  RERUN_FROM: { text: 'Re-run from here', verb: 'rerunFromStep', title: 'A new run that keeps what came before' },
};

/** Buttons of what this reader may do with the run now. */
export function runButtons(run, act) {
  const buttons = run.availableActions
    .filter(action => action in RUN_VERBS)
    .map(action => button(RUN_VERBS[action], { runId: run.id }, act));
  if (!run.availableActions.includes('CANCEL')) return buttons;
  const stopping = run.waitingOn.some(({ kind }) => kind === 'CANCELLATION');
  const cancel = stopping
    ? { text: 'Stop at once', verb: 'cancelRun', sure: 'Kill what still executes, without time to clean up?' }
    : { text: 'Cancel run', verb: 'cancelRun', sure: 'Cancel this run? What is done stays done; it can be resumed.' };
  return [...buttons, button(cancel, { runId: run.id, mode: stopping ? 'FORCE' : 'GRACEFUL' }, act)];
}

/** Buttons of what this reader may do with one step; editors that are open keep what was written. */
export function createStepButtons(act) {
  const editors = new Map();
  return (run, step) => {
    const place = { runId: run.id, step: step.key };
    const editor = h('div');
    const retry = step.availableActions.includes('RETRY') ? [retryButton(step, place, { act, editors, editor })] : [];
    // Who decides at the gate may skip there, with a comment.
    const decides = step.gate?.availableDecisions.includes('SKIP');
    const others = step.availableActions.filter(action => action in STEP_VERBS && !(action === 'SKIP' && decides));
    const buttons = [...retry, ...others.map(action => button(STEP_VERBS[action], place, act))];
    return buttons.length > 0 && [h('div.step-buttons', {}, buttons), editor];
  };
}

function retryButton(step, place, { act, editors, editor }) {
  if (step.kind !== 'AGENT') return button({ text: 'Retry', verb: 'retryStep' }, place, act);
  const key = editorKey(step);
  const show = () => fill(editor, editors.has(key) ? [editors.get(key)] : []);
  const toggle = () => {
    if (!editors.delete(key)) editors.set(key, createEditor(place, act));
    show();
  };
  show();
  return h('button.quiet', { click: toggle }, 'Retry…');
}

/** Each further attempt has an editor of its own. */
function editorKey(step) {
  return `${step.key}/${step.attempts.length}`;
}

function createEditor(place, act) {
  const text = h('textarea', {
    rows: 4,
    placeholder: 'Other instructions, for this attempt only. Left empty: those of the flow.',
    'aria-label': 'Instructions',
  });
  const send = () => act('retryStep', { ...place, ...(text.value.trim() && { instructions: text.value }) });
  return h('div.editor', {}, text, h('button.primary', { click: send }, 'Retry the step'));
}

function button({ text, verb, sure, title, primary }, variables, act) {
  const press = () => (!sure || confirm(sure)) && act(verb, variables);
  return h(primary ? 'button.primary' : 'button.quiet', { title, click: press }, text);
}

/** Sends a verb; answers with the run that now executes. Throws the refusal. */
export async function steer(verb, variables) {
  const { outcome } = await query(STEERING[verb], variables);
  if (outcome.__typename !== 'Run') throw outcome;
  return outcome;
}

const SELF_EVIDENT = new Set(['STEP', 'DECISION', 'PERMISSION', 'QUESTION', 'PLATFORM']);

/** Why it does not simply go on, and until when; what its cards show anyway is left out. */
export function notes(run) {
  const state = `is-${run.status.toLowerCase()}`;
  const waits = run.waitingOn.filter(
    ({ kind }) => !SELF_EVIDENT.has(kind) && (kind !== 'WORKER' || run.status === 'INTERRUPTED'),
  );
  const reason = run.statusReason && (run.endedAt || run.status === 'BLOCKED') && h('p', {}, run.statusReason);
  if (!reason && waits.length === 0) return [];
  return [h('div.note', { class: state }, reason, waits.map(waitingLine))];
}

function waitingLine({ what, since, until: end }) {
  return h('p', {}, what, h('span.mute', {}, ` · ${ago(since)}${end ? ` · ${until(end)}` : ''}`));
}

/** Where the run comes from, and what became of it. */
export function lineageLinks({ lineage }) {
  const link = (run, text) => h('a', { href: `#/runs/${run.id}` }, `${text} #${run.number}`);
  const { retryOf, rerunOf, retries, reruns } = lineage;
  return [
    retryOf && link(retryOf, 'retry of'),
    rerunOf && link(rerunOf.run, `again from ${rerunOf.step} of`),
    ...retries.map(run => link(run, 'retried as')),
    ...reruns.map(({ run, step }) => link(run, `again from ${step} as`)),
  ].filter(Boolean);
}
