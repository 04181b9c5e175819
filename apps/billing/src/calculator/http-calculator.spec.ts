import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RetryableError } from '@runledger/kernel';
import { defaultCardAt } from '../rate-cards/default-rate-card.js';
import { cardCalculator, pricesBy } from './calculator.js';
import { highestOf } from './highest-of.js';
import { HttpCalculator } from './http-calculator.js';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/own-calculator/calculator.mjs', import.meta.url));
const card = defaultCardAt('2026-11-21T00:00:00.000Z');
const at = '2026-11-21T10:00:00.000Z';
const request = { workspaceId: 'ws_acme', at, card, currency: 'USD' };
const tokens = {
  inputTokens: 1_000_000,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  reasoningTokens: 0,
};
const opus = { kind: 'model', provider: 'anthropic', model: 'claude-opus-5-5', ...tokens } as const;

let example: ChildProcess | undefined;
let server: Server | undefined;
afterEach(() => {
  example?.kill();
  server?.close();
});

async function answering(status: number, body: string): Promise<HttpCalculator> {
  const own = createServer((_request, response) => response.writeHead(status).end(body));
  server = own;
  own.listen(0, '127.0.0.1');
  await once(own, 'listening');
  return new HttpCalculator(`http://127.0.0.1:${(own.address() as AddressInfo).port}/`);
}

describe('a calculator of one’s own', () => {
  it('prices in the place of the card, and bounds what a call may cost: the example of the guide', async () => {
    example = spawn(process.execPath, [EXAMPLE], { env: { PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(example.stdout ?? example, 'data')) as [Buffer];
    const calculator = new HttpCalculator(line.toString().trim());
    const prices = await calculator.price({ ...request, usages: [opus, { ...opus, model: 'unheard-of' }] });
    expect(prices).toEqual([
      { amountMicroUnits: 3_200_000, note: '20 % discount' },
      { amountMicroUnits: null, note: 'unpriced: anthropic unheard-of is not on the card' },
    ]);
    const use = {
      kind: 'model',
      provider: 'anthropic',
      model: 'claude-opus-5-5',
      inputTokens: 1e6,
      maxOutputTokens: 1e5,
    } as const;
    // Reading into the cache at $5 and output at $20, less 20 %: cheaper than by the card.
    expect(await highestOf(calculator, use, request)).toBe(5_600_000);
    expect(await highestOf(cardCalculator, use, request)).toBe(7_000_000);
    expect(await highestOf(calculator, { ...use, model: 'unheard-of' }, request)).toBeNull();
  });

  it('is not believed about usage of which the provider said nothing', async () => {
    const generous = await answering(200, '{ "prices": [{ "amountMicroUnits": 7 }, { "amountMicroUnits": 0 }] }');
    const nothing = { ...opus, inputTokens: 0 };
    const prices = await pricesBy(generous, { ...request, usages: [opus, nothing] });
    expect(prices.map(({ amountMicroUnits }) => amountMicroUnits)).toEqual([7, null]);
  });

  it('that is away is asked again; nothing is charged in between', async () => {
    const away = await answering(503, '');
    await expect(away.price({ ...request, usages: [opus] })).rejects.toBeInstanceOf(RetryableError);
    const nobody = new HttpCalculator('http://127.0.0.1:1/');
    await expect(nobody.price({ ...request, usages: [opus] })).rejects.toMatchObject({
      code: 'CALCULATOR_UNAVAILABLE',
    });
  });

  it.each([
    ['too few prices', '{ "prices": [] }'],
    ['an amount that is no whole number', '{ "prices": [{ "amountMicroUnits": 0.5 }] }'],
    ['an amount below zero', '{ "prices": [{ "amountMicroUnits": -1 }] }'],
    ['something else', 'sorry'],
  ])('that answers with %s is not believed', async (_what, body) => {
    const wrong = await answering(200, body);
    await expect(wrong.price({ ...request, usages: [opus] })).rejects.toMatchObject({ code: 'CALCULATOR_UNFIT' });
  });
});
