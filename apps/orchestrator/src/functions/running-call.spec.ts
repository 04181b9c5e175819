import type { FunctionCall, Json } from '@runledger/contracts';
import { jest } from '@jest/globals';
import type { Interest } from './call-interest.js';
import { RunningCall } from './running-call.js';

const place = { workspaceId: 'ws', runId: 'run_1', step: 'open', attempt: 1, idempotencyKey: 'run_1.open.1' };
const calling = (timeoutMs = 60_000, input: Record<string, Json> = {}) =>
  new RunningCall({ function: { name: 'ticket', input }, timeoutMs }, place);

/** A function that ends when it is told to. */
function held() {
  let release: (() => void) | undefined;
  let signal: AbortSignal | undefined;
  const ticket = (_input: unknown, call: FunctionCall) => {
    ({ signal } = call);
    return new Promise<undefined>(resolve => {
      release = () => {
        resolve(undefined);
      };
    });
  };
  return { functions: { ticket }, release: () => release?.(), signal: () => signal };
}

/** Time, with what happens in it. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    jest.advanceTimersByTime(250);
    await new Promise(setImmediate);
  }
}

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

it('hands a function its own copy of what it is called with', async () => {
  const input = { labels: ['release'], at: { home: true } };
  const given: unknown[] = [];
  const ticket = (got: Record<string, Json>) => {
    given.push(structuredClone(got));
    (got['labels'] as Json[]).push('changed');
    delete got['at'];
    return undefined;
  };
  const call = calling(1_000, input);
  await call.made({ ticket }, () => Promise.resolve('awaited'));
  expect(given).toEqual([input]);
  expect(input).toEqual({ labels: ['release'], at: { home: true } });
});

describe('while a call takes long', () => {
  it('looks each second whether somebody waits, and not again before a slow store has answered', async () => {
    const { functions, release } = held();
    const looks: ((interest: Interest) => void)[] = [];
    const made = calling().made(functions, () => new Promise(resolve => looks.push(resolve)));
    await pass(5_000);
    expect(looks).toHaveLength(1);
    looks[0]?.('awaited');
    await pass(1_000);
    expect(looks).toHaveLength(2);
    release();
    await expect(made).resolves.toMatchObject({ outcome: 'SUCCESS' });
  });

  it('looks again after a store that was away, and leaves no timer behind', async () => {
    const { functions, release } = held();
    let looks = 0;
    const made = calling().made(functions, () => {
      looks += 1;
      return Promise.reject(new Error('The store is away.'));
    });
    await pass(3_000);
    expect(looks).toBe(3);
    release();
    await made;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('keeps its time though the store does not answer', async () => {
    const { functions, signal } = held();
    const made = calling(2_500).made(functions, () => new Promise(() => undefined));
    await pass(2_500);
    await expect(made).resolves.toMatchObject({ outcome: 'ERROR', error: { code: 'TIMEOUT' } });
    expect(signal()?.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a call that nobody waits for', () => {
  it.each([
    ['when its run goes on without it', 'gone', 'gone'],
    [
      'when its run is cancelled by force',
      'killed',
      { outcome: 'ERROR', cancelled: true, error: { code: 'CANCELLED' } },
    ],
  ] as const)('is told and left %s', async (_when, interest, end) => {
    const { functions, signal } = held();
    const made = calling().made(functions, () => Promise.resolve(interest));
    await pass(1_000);
    if (typeof end === 'string') await expect(made).resolves.toBe(end);
    else await expect(made).resolves.toMatchObject(end);
    expect(signal()?.aborted).toBe(true);
  });

  it('is told and waited for while its run is being cancelled', async () => {
    const { functions, signal, release } = held();
    const made = calling().made(functions, () => Promise.resolve('unwanted'));
    await pass(5_000);
    expect(signal()?.aborted).toBe(true);
    release();
    await expect(made).resolves.toMatchObject({ outcome: 'SUCCESS', cancelled: false });
  });
});

it('is not told that nobody waits once it has ended, as its run says so because of its end', async () => {
  const { functions, signal, release } = held();
  let answer: ((interest: Interest) => void) | undefined;
  const made = calling().made(functions, () => new Promise(resolve => (answer = resolve)));
  await pass(1_000);
  release();
  await made;
  answer?.('gone');
  await pass(1_000);
  expect(signal()?.aborted).toBe(false);
});
