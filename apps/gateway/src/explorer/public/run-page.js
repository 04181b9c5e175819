import { auditBundle } from './audit-bundle.js';
import { badge, deadEnd, details, fact, h, problem, redraw } from './elements.js';
import { ago, cost, count, duration, instant, json, who, words } from './formats.js';
import { follow, query } from './graphql.js';
import { createMoments } from './moments.js';
import { RUN, RUN_EVENTS, TRANSCRIPT, TRANSCRIPT_THEN } from './queries.js';
import { createStepButtons, lineageLinks, notes, runButtons, steer } from './steering.js';
import { createTimeline } from './timeline.js';
import { createTranscript, worksInSandbox } from './transcript.js';

const REDRAW_MS = 120;
const CHECKPOINTS = {
  TEMPLATE: 'gates of the flow',
  EVERY_STEP: 'a gate before every step',
  NONE: 'no checkpoints',
};
/** Events that change the transcript, which has a subscription of its own, and nothing on the cards. */
const SPOKEN = new Set([
  'AgentText',
  'AgentThinking',
  'ToolOutput',
  'ToolCallStarted',
  'ToolCallEnded',
  'InfoRecorded',
  'SetupRecorded',
  'ErrorRecorded',
]);

/** One run, live, as `viewer` may see it, with the transcript at an entry if one is named. Returns the function that ends it. */
export function runPage(page, viewer, id, entry) {
  const head = h('div.head');
  const trouble = h('div');
  const banner = h('div');
  const facts = h('dl.card.facts');
  const steps = h('div.timeline');
  const footer = h('div.footer');
  const said = h('h2', {}, 'Transcript');
  const transcript = createTranscript(entry);
  const before = h('div.before');
  const proof = viewer.scopes.includes('AUDIT_READ') && auditBundle(id);
  const live = h('span.live', { role: 'img', 'aria-label': 'Connection', title: 'Connecting' });
  const left = h('section', {}, h('h2', {}, 'Timeline'), steps, footer);
  const right = h('section.right', {}, h('div.subhead', {}, said, live), transcript.element, before);
  const moments = createMoments(moment => travel(moment));
  page.replaceChildren(head, trouble, banner, facts, moments.element, h('div.columns', {}, left, right));

  let run;
  let chosen;
  let past;
  let spoken;
  let seen;
  let timer;
  let ended = false;
  const fail = error => {
    if (ended) return;
    // What was read before stays; the page says that the connection is lost, and reads again when it is back.
    if (run && error.code === 'UNREACHABLE') return;
    if (!run && error.code === 'NOT_FOUND') deadEnd(page, error, { href: '#/', text: 'Runs' });
    else trouble.replaceChildren(problem(error));
  };
  const choose = key => {
    chosen = chosen === key ? undefined : key;
    said.textContent =
      chosen === undefined ? 'Transcript' : `Transcript of ${run.timeline.find(step => step.key === chosen).name}`;
    transcript.show(chosen);
    spoken?.show(chosen);
    draw();
  };
  const act = async (verb, variables) => {
    try {
      const { id: next } = await steer(verb, variables);
      if (next !== id) location.hash = `#/runs/${next}`;
      else await load();
    } catch (error) {
      fail(error);
    }
  };
  /** Whoever was on a button that is gone is on its step; the card may have been made anew meanwhile. */
  const decided = key => {
    steps.querySelector(`[data-part="${key}"] .step-name`)?.focus({ preventScroll: true });
    load();
  };
  const timeline = createTimeline({ choose, decided, buttonsOf: createStepButtons(act) });
  // Whoever presses a button finds the same one under the pointer when letting go.
  let pressed = false;
  const press = () => (pressed = true);
  const release = () => setTimeout(() => ((pressed = false), draw()));
  page.addEventListener('pointerdown', press);
  window.addEventListener('pointerup', release);
  const draw = () => {
    if (!run || pressed) return;
    document.title = `${run.flow.name} #${run.number} · ${run.status.toLowerCase()}`;
    banner.replaceChildren(...notes(run));
    redraw(head, () => heading(run, act));
    const inSight = run.timeline.filter(({ key }) => chosen === undefined || key === chosen);
    for (const one of [transcript, spoken]) one?.explain(inSight);
    redraw(facts, () => summary(run));
    redraw(steps, () => timeline(run, chosen));
    redraw(footer, () => particulars(run, proof));
  };
  const load = async () => {
    timer = undefined;
    try {
      const asked = past;
      const answer = await query(RUN, asked ? { id, asOf: asked.cursor } : { id, atLeast: seen });
      if (ended || asked !== past) return;
      run = asked ? asShown(answer.run, asked) : answer.run;
      trouble.replaceChildren();
      draw();
    } catch (error) {
      fail(error);
    }
  };
  /** Nothing is redrawn live while the past is looked at; what comes meanwhile is there on the way back. */
  const travel = async moment => {
    past = moment;
    transcript.element.hidden = moment !== undefined;
    before.replaceChildren();
    spoken = undefined;
    await load();
    if (!moment) return;
    const { run: then } = await query(TRANSCRIPT_THEN, { id, asOf: moment.cursor }).catch(fail);
    if (past !== moment || !then) return;
    spoken = createTranscript();
    before.replaceChildren(spoken.element);
    spoken.take({ entries: then.transcript.nodes, caughtUp: true });
    spoken.show(chosen);
    draw();
  };
  const soon = () => (timer ??= past ? undefined : setTimeout(load, REDRAW_MS));
  const changed = ({ cursor, event }) => {
    seen = cursor;
    if (SPOKEN.has(event.type)) return;
    moments.add({ cursor, type: event.type, at: event.occurredAt });
    soon();
  };
  const connected = yes => {
    live.className = `live ${yes ? 'is-on' : 'is-off'}`;
    live.title = yes ? 'Connected: followed live' : 'The connection is lost';
    if (yes) soon();
  };
  const ends = [
    follow(RUN_EVENTS, { id }, { next: changed, failed: fail, connected }),
    follow(TRANSCRIPT, { id }, { next: transcript.take, failed: transcript.fail }),
  ];
  const tick = setInterval(() => run && !past && !run.endedAt && !isFillingIn() && draw(), 1_000);
  load();
  return () => {
    ended = true;
    page.removeEventListener('pointerdown', press);
    window.removeEventListener('pointerup', release);
    clearInterval(tick);
    clearTimeout(timer);
    for (const end of ends) end();
  };
}

/** A list of choices that is open would close. */
function isFillingIn() {
  return ['TEXTAREA', 'SELECT'].includes(document.activeElement?.tagName);
}

/** No clock runs in the past: what the API measured holds. */
function asShown(run, { at }) {
  return { ...run, shownAt: at, timeline: run.timeline.map(step => ({ ...step, isPast: true })) };
}

function heading(run, act) {
  return [
    h(
      'div',
      {},
      h('a.back', { href: '#/' }, '← Runs'),
      h('h1', {}, run.flow.name, h('span.mute', {}, ` #${run.number}`), badge(run.status)),
    ),
    h('div.tools', {}, runButtons(run, act)),
  ];
}

function summary(run) {
  const elapsed = run.durationMs ?? (run.shownAt ? Date.parse(run.shownAt) : Date.now()) - Date.parse(run.startedAt);
  const { subject, choices, cost: spent } = run;
  const related = lineageLinks(run);
  return [
    fact(
      'Started',
      h('span', { title: instant(run.startedAt) }, ago(run.startedAt)),
      h('span.mute', {}, ` by ${who(run.startedBy)}`),
    ),
    fact('Duration', duration(elapsed)),
    fact('Cost', cost(spent.total, spent.unpriced)),
    fact('Version', `${run.flow.slug} v${run.flowVersion.version}`),
    run.timeline.some(worksInSandbox) && fact('Sandbox', choices.profile),
    fact('Mode', `${words(choices.execution)} · ${CHECKPOINTS[choices.checkpointMode]}`),
    subject && fact('Subject', `${subject.kind} ${subject.id}`),
    related.length > 0 && fact('Related', h('span.related', {}, related)),
  ].filter(Boolean);
}

function particulars(run, proof) {
  const lines = [...run.cost.byModel, ...run.cost.compute];
  const table = lines.map(line =>
    h(
      'tr',
      {},
      h('td', {}, line.key),
      h('td.mute', {}, count(line.charges, 'charge')),
      h('td.number', {}, cost(line.cost, line.unpriced)),
    ),
  );
  return [
    lines.length > 0 && details('cost', 'Cost', h('table.lines', {}, table)),
    details('parameters', 'Parameters', h('pre', {}, json(run.parameters))),
    proof,
    h('p.mute.id', {}, run.id),
  ].filter(Boolean);
}
