import { join } from 'node:path';
import { PageElement, pageDocument } from './page-elements.fixture.js';

type Draw = (run: object, chosen?: string) => PageElement[];
interface Timeline {
  readonly createTimeline: (parts: object) => Draw;
}
interface Transcripts {
  readonly silenceOf: (steps: readonly object[]) => string;
  readonly createTranscript: () => {
    readonly element: PageElement;
    readonly explain: (steps: readonly object[]) => void;
    readonly take: (segment: object) => void;
  };
}
interface Elements {
  readonly fill: (element: PageElement, children: readonly PageElement[]) => void;
}

const PUBLIC = join(import.meta.dirname, 'public');
const before = Object.getOwnPropertyDescriptor(globalThis, 'document');

beforeAll(() => {
  Object.defineProperty(globalThis, 'document', { value: pageDocument, configurable: true });
});
afterAll(() => {
  Object.defineProperty(globalThis, 'document', before ?? { value: undefined, configurable: true });
});

describe('the cards of steps', () => {
  it('stay as they are while what they say does not change, whatever else does', async () => {
    const draw = await timeline();
    const [one, two] = cards(draw(run(['COMPLETED', 'RUNNING'])));
    const again = cards(draw(run(['COMPLETED', 'FAILED'])));
    expect(again[0]).toBe(one);
    expect(again[1]).not.toBe(two);
    expect(again[1]?.said).toContain('failed');
    expect(again).toHaveLength(2);
  });

  it('are made anew when they are chosen, and when their agent asks something', async () => {
    const draw = await timeline();
    const [plain] = cards(draw(run(['RUNNING'])));
    const [chosen] = cards(draw(run(['RUNNING']), 's0'));
    expect(chosen).not.toBe(plain);
    const ask = { id: 'apr_1', state: 'OPEN', calls: [{ step: 's0' }], votes: [], shownHash: '1' };
    const asking = { message: 'Which colour?', shown: {}, availableDecisions: [], policy: { count: 1 } };
    const [asked] = cards(draw({ ...run(['RUNNING']), approvals: [{ ...ask, ...asking }] }, 's0'));
    expect(asked?.said).toContain('Which colour?');
  });
});

describe('a step that calls a function', () => {
  it('says on its card which one, how long it took, what became of it, and what puts it right', async () => {
    const draw = await timeline();
    const error = { message: 'No tracker is set up.', fix: 'Set TRACKER_URL.' };
    const called = { kind: 'FUNCTION', function: 'open-ticket', elapsedMs: 1_500, error, output: { id: 'OPS-7' } };
    const [card] = cards(draw(run(['BLOCKED'], called)));
    for (const part of ['function open-ticket', '1.5 s', 'No tracker is set up.', 'Set TRACKER_URL.', 'OPS-7']) {
      expect(card?.said).toContain(part);
    }
    expect(card?.said).not.toContain('turn');
  });
});

describe('a transcript that nothing is in', () => {
  const step = (kind: string, called?: string) => ({ kind, function: called });

  it.each([
    ['while a run is not known', [], 'Nothing has been said yet.'],
    ['before an agent speaks', [step('FUNCTION', 'open-ticket'), step('AGENT')], 'Nothing has been said yet.'],
    ['of a function', [step('FUNCTION', 'open-ticket')], 'The function open-ticket has no transcript'],
    ['of a gate', [step('GATE')], 'Only people are asked here'],
    ['of many such', [step('FUNCTION', 'a'), step('GATE')], 'Functions and gates have no transcript'],
  ])('says why, %s', async (_when, steps, expected) => {
    const { silenceOf } = await transcripts();
    expect(silenceOf(steps)).toContain(expected);
  });

  it('says so once it is known that nothing was said', async () => {
    const { createTranscript } = await transcripts();
    const transcript = createTranscript();
    transcript.explain([step('FUNCTION', 'open-ticket')]);
    expect(transcript.element.said.trim()).toBe('Reading …');
    transcript.take({ entries: [], caughtUp: true });
    expect(transcript.element.said.trim()).toBe(
      'The function open-ticket has no transcript: what became of it is on the card.',
    );
    expect(transcript.element.className).toBe('transcript is-brief');
    transcript.explain([step('AGENT')]);
    expect(transcript.element.className).toBe('transcript');
    expect(transcript.element.said.trim()).toBe('Nothing has been said yet.');
  });
});

describe('what an element holds', () => {
  it.each([
    ['abc', 'abc'],
    ['abc', 'axc'],
    ['abc', 'cba'],
    ['abc', 'c'],
    ['', 'ab'],
    ['abcd', 'bxd'],
  ])('is turned from %s into %s, with what stays left in its place', async (from, to) => {
    const { fill } = (await import(join(PUBLIC, 'elements.js'))) as Elements;
    const named = new Map([...new Set(from + to)].map(name => [name, new PageElement(name)]));
    const list = (names: string) => [...names].map(name => named.get(name) as PageElement);
    const parent = new PageElement('div');
    parent.append(...list(from));
    fill(parent, list(to));
    expect(parent.children.map(({ tagName }) => tagName).join('')).toBe(to);
  });
});

async function timeline(): Promise<Draw> {
  const { createTimeline } = (await import(join(PUBLIC, 'timeline.js'))) as Timeline;
  return createTimeline({ choose: () => {}, decided: () => {}, buttonsOf: () => false });
}

async function transcripts(): Promise<Transcripts> {
  return (await import(join(PUBLIC, 'transcript.js'))) as Transcripts;
}

function cards(waves: readonly PageElement[]): PageElement[] {
  return waves.flatMap(wave => wave.children);
}

function run(states: readonly string[], more: object = {}): object {
  const step = { wave: 1, kind: 'COMMAND', elapsedMs: 5, turns: 0, attempts: [], artifacts: [], output: null };
  const timeline = states.map((state, at) => ({
    ...step,
    key: `s${at}`,
    number: at + 1,
    name: `Step ${at}`,
    state,
    ...more,
  }));
  return { id: 'run_1', timeline, approvals: [] };
}
