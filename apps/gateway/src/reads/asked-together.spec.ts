import { AskedTogether } from './asked-together.js';

const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve));

/** Answers each key but `unknown` with how often anything was asked. */
function counting() {
  const asked: (readonly string[])[] = [];
  const questions = new AskedTogether<string, number>(keys => {
    asked.push(keys);
    const answers = keys.filter(key => key !== 'unknown').map(key => [key, asked.length] as const);
    return Promise.resolve(new Map(answers));
  });
  return { questions, asked };
}

describe('questions that are asked together', () => {
  it('are one question for all who ask in the same turn, and an answer for each', async () => {
    const { questions, asked } = counting();
    const answers = await Promise.all(['a', 'b', 'a', 'unknown'].map(key => questions.ask(key)));
    expect(answers).toEqual([1, 1, 1, undefined]);
    expect(asked).toEqual([['a', 'b', 'unknown']]);
  });

  it('are never answered with what was asked before they came', async () => {
    const { questions, asked } = counting();
    const first = questions.ask('a');
    await nextTurn();
    const second = questions.ask('a');
    expect([await first, await second]).toEqual([1, 2]);
    expect(asked).toHaveLength(2);
  });

  it('fail for all who asked, and are asked anew by whoever comes next', async () => {
    let isAway = true;
    const questions = new AskedTogether<string, string>(keys =>
      isAway
        ? Promise.reject(new Error('The database is away.'))
        : Promise.resolve(new Map(keys.map(key => [key, key]))),
    );
    const both = await Promise.allSettled([questions.ask('a'), questions.ask('b')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isAway = false;
    expect(await questions.ask('a')).toBe('a');
  });
});
