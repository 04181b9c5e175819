import { downloadButton } from './download.js';
import { h, problem } from './elements.js';
import { duration, json, plain } from './formats.js';
import { toolStructure } from './tool-structure.js';

/**
 * What attempts do, as it happens. `take` gets the entries of each segment; `show` chooses one step, or all; `explain` gets the steps that
 * are looked at, to say why nothing is said. `sought` is the id of an entry to begin at: once it is there, it is in sight and marked.
 */
export function createTranscript(sought) {
  const cards = new Map();
  const list = h('div.entries');
  const nothing = h('p.mute.nothing', {}, 'Reading …');
  const frame = h('div.transcript', { tabIndex: 0, 'aria-label': 'Transcript' }, nothing, list);
  let chosen;
  let isCaughtUp = false;
  let silence = '';

  const matches = card => chosen === undefined || card.step === chosen;
  const refresh = () => {
    for (const card of cards.values()) card.element.hidden = !matches(card);
    nothing.hidden = [...cards.values()].some(matches);
  };
  const explain = () => {
    if (isCaughtUp && nothing.textContent !== silence) nothing.textContent = silence;
  };
  const seek = () => {
    const card = sought !== undefined && cards.get(sought);
    if (!card) return;
    sought = undefined;
    card.element.classList.add('is-sought');
    frame.scrollTop = card.element.offsetTop - frame.offsetTop - 16;
  };
  return {
    element: frame,
    fail: error => nothing.replaceWith(problem(error)),
    show: step => {
      chosen = step;
      refresh();
      frame.scrollTop = frame.scrollHeight;
    },
    explain: steps => {
      silence = silenceOf(steps);
      const isBrief = steps.length > 0 && !steps.some(worksInSandbox);
      frame.className = isBrief ? 'transcript is-brief' : 'transcript';
      explain();
    },
    take: ({ entries, caughtUp }) => {
      isCaughtUp ||= caughtUp;
      explain();
      const isAtEnd = !sought && frame.scrollHeight - frame.scrollTop - frame.clientHeight < 60;
      for (const entry of entries) {
        const card = cards.get(entry.id) ?? begin(entry, cards, list);
        card.goOn(entry);
        card.element.hidden = !matches(card);
        if (matches(card)) nothing.hidden = true;
      }
      if (isAtEnd) frame.scrollTop = frame.scrollHeight;
      seek();
    },
  };
}

/** What works in a sandbox has a transcript. */
export function worksInSandbox({ kind }) {
  return kind === 'AGENT' || kind === 'COMMAND';
}

/** Why nothing is said of these steps: of some there never will be anything. */
export function silenceOf(steps) {
  if (steps.length === 0 || steps.some(worksInSandbox)) return 'Nothing has been said yet.';
  const [step] = steps;
  if (steps.length > 1) return 'Functions and gates have no transcript: the cards say what became of them.';
  if (step.kind === 'GATE') return 'Only people are asked here: there is no transcript.';
  return `The function ${step.function} has no transcript: what became of it is on the card.`;
}

function begin(entry, cards, list) {
  const card = entry.__typename === 'ToolEntry' ? toolCard(entry) : textCard(entry);
  cards.set(entry.id, { ...card, step: entry.step, seq: BigInt(entry.seq) });
  list.append(card.element);
  return cards.get(entry.id);
}

const KINDS = {
  TextEntry: 'text',
  ThinkingEntry: 'thinking',
  SetupEntry: 'setup',
  InfoEntry: 'info',
  ErrorEntry: 'error',
};

const STATES = ['running', 'ok', 'error', 'cancelled'];

function textCard(entry) {
  const kind = KINDS[entry.__typename];
  const body = h('div.prose');
  const content = kind === 'thinking' ? h('details', { open: true }, h('summary', {}, 'thinking'), body) : body;
  return {
    element: h(`div.entry.entry-${kind}`, {}, label(entry), content),
    goOn: news => {
      if (news.error) body.textContent = `${news.error.message}${news.error.fix ? `\n${news.error.fix}` : ''}`;
      else body.append(news.text);
    },
  };
}

function toolCard(entry) {
  const state = h('span.mute');
  const output = h('pre.output');
  const structure = h('div.structure');
  const whole = h('div.whole');
  const element = h(
    'div.entry.entry-tool',
    {},
    label(entry),
    h(
      'div.tool-head',
      {},
      h('code', {}, entry.name),
      h('span.tool-what', { title: fullText(entry) }, headline(entry)),
      state,
    ),
    structure,
    output,
    whole,
  );
  return {
    element,
    goOn: news => {
      if (news.streamed) output.append(plain(news.streamed));
      if (news.state !== 'RUNNING' && output.textContent === '' && news.output && !entry.detail) {
        output.append(plain(news.output));
      }
      structure.replaceChildren(...toolStructure(news.detail).filter(Boolean));
      for (const name of STATES) element.classList.toggle(`is-${name}`, name === news.state.toLowerCase());
      if (news.outputUrl) whole.replaceChildren(wholeOutput(news));
      state.textContent = outcome(news);
    },
  };
}

function wholeOutput({ name, step, outputUrl: url, outputBytes }) {
  return downloadButton({ url, bytes: outputBytes }, `${step}-${name}.txt`, 'The whole output');
}

function outcome({ state, exitCode, durationMs, error }) {
  if (state === 'RUNNING') return 'running';
  const code = exitCode ? `exit ${exitCode}` : state.toLowerCase();
  return [code, duration(durationMs), error?.message].filter(Boolean).join(' · ');
}

/** The one argument that says most, or all of them where nothing else shows them. */
function fullText({ arguments: given, detail }) {
  const { command, run, path, script, url } = given;
  const all = Object.keys(given).length > 0 && !detail ? json(given) : '';
  return String(command ?? run ?? script ?? path ?? url ?? all).trim();
}

function headline(entry) {
  const [first, ...more] = fullText(entry).split('\n');
  return more.length > 0 ? `${first} … (+${more.length} lines)` : first;
}

function label({ step, attempt, agent, at }) {
  const place = [step, attempt > 1 && `attempt ${attempt}`, agent && `agent ${agent}`].filter(Boolean).join(' · ');
  return h('span.entry-label', {}, `${place} · ${new Date(at).toLocaleTimeString()}`);
}
