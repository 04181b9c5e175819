import { questionOf } from './question.js';
import { snippetOf } from './snippet.js';
import { partsOf, PART_CHARS } from './text-parts.js';
import { vectorOf, wordsOf } from './words.js';

const literal = (query: string) => questionOf(query).tsquery;
const refusal = (query: string): unknown => {
  try {
    return questionOf(query);
  } catch (error) {
    return error;
  }
};
/** The snippet with what fits in brackets. */
const marked = (text: string, query: string) => {
  const { snippet, matches } = snippetOf(text, questionOf(query).terms);
  return [...matches]
    .reverse()
    .reduce(
      (shown, { start, end }) => `${shown.slice(0, start)}[${shown.slice(start, end)}]${shown.slice(end)}`,
      snippet,
    );
};

describe('words of a text', () => {
  it('are what stands between other characters: paths, identifiers and addresses are found by each of their parts', () => {
    const words = (text: string) => wordsOf(text).map(({ word }) => word);
    expect(words('src/Invoice_reader.spec.ts: EACCES=13')).toEqual([
      'src',
      'invoice',
      'reader',
      'spec',
      'ts',
      'eacces',
      '13',
    ]);
    expect(words('Grüße — aux États-Unis, 12e5x')).toEqual(['grüße', 'aux', 'états', 'unis', '12e5x']);
    expect(words('日本語のログ')).toEqual(['日', '本', '語', 'の', 'ロ', 'グ']);
    expect(wordsOf('x'.repeat(9_999))).toEqual([{ word: 'x'.repeat(64), start: 0, end: 9_999 }]);
  });

  it('hold nothing that PostgreSQL would take for more than a word, whatever the text and the workspace', () => {
    const place = { weight: 'B', workspaceId: "ws_o'hara\\", runId: 'run_1' } as const;
    expect(vectorOf("it's:3A 'a' \\ b", place)).toBe("'=ws_o''hara\\\\' '=run_1' it:1B s:2B 3a:3B a:4B b:5B");
  });
});

describe('a query', () => {
  it('wants all words, in any order, and what begins with them', () => {
    expect(literal('deploy  to Staging')).toBe("(('deploy':*) & ('to') & ('staging':*))");
  });

  it('takes words in quotes as they are, and in that order', () => {
    expect(literal('"permission denied" -retry')).toBe("(('permission' <-> 'denied') & !('retry':*))");
    expect(literal('src/app.ts')).toBe("(('src' <-> 'app' <-> 'ts'))");
  });

  it('knows alternatives, and exclusions in each of them', () => {
    expect(literal('timeout or "rate limit" -"free plan"')).toBe(
      "(('timeout':*)) | (('rate' <-> 'limit') & !('free' <-> 'plan'))",
    );
  });

  it('can hold anything: no query is one of the database’s own', () => {
    expect(literal("'); DROP TABLE runs; --")).toBe("(('drop':*) & ('table':*) & ('runs':*))");
    expect(literal("a' | 'b:* & !(c")).toBe("(('a') & ('b') & ('c'))");
    expect(literal('"never closed')).toBe("(('never' <-> 'closed'))");
  });

  it.each([
    ['', 'There is no word in the query.'],
    [' - "" or … ', 'There is no word in the query.'],
    ['-only -this', 'The query only says what must not be there.'],
    ['fine or -all', 'The query only says what must not be there.'],
    ['x'.repeat(401), 'A query has at most 400 characters.'],
    ['w '.repeat(25), 'A query has at most 24 words.'],
  ])('is refused with what is wrong with it: %p', (query, message) => {
    expect(refusal(query)).toMatchObject({ code: 'BAD_USER_INPUT', message });
  });
});

describe('a snippet', () => {
  it('marks what fits, words and phrases, and leaves markup text', () => {
    expect(marked('<b>Deployment</b> of "app" denied: permission denied', 'deploy "permission denied"')).toBe(
      '<b>[Deployment]</b> of "app" denied: [permission denied]',
    );
  });

  it('shows where most of the words are near each other', () => {
    const text = `error ${'x '.repeat(2_000)}the error came from billing ${'y '.repeat(2_000)}`;
    const shown = marked(text, 'billing error');
    expect(shown).toContain('the [error] came from [billing]');
    expect([shown.startsWith('…'), shown.endsWith('…'), shown.length < 300]).toEqual([true, true, true]);
  });

  it('says where ranges are in what it shows, beyond the first plane too', () => {
    const { snippet, matches } = snippetOf(`${'😀'.repeat(300)} found 😀`, questionOf('found').terms);
    expect(matches.map(({ start, end }) => snippet.slice(start, end))).toEqual(['found']);
    expect(snippet.isWellFormed()).toBe(true);
  });

  it('is the beginning of a text where nothing can be marked', () => {
    expect(snippetOf('short', questionOf('else').terms)).toEqual({ snippet: 'short', matches: [] });
  });
});

describe('a long text', () => {
  it('is parted between words, and nothing of it is lost', () => {
    const text = 'word '.repeat(10_000);
    const parts = partsOf(text);
    expect(parts.join('')).toBe(text);
    expect(parts.every(part => part.length <= PART_CHARS && part.endsWith(' '))).toBe(true);
    expect(partsOf('x'.repeat(PART_CHARS * 2 + 1)).map(part => part.length)).toEqual([PART_CHARS, PART_CHARS, 1]);
  });
});
