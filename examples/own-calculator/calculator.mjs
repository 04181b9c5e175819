// A calculator of your own: the prices of the rate card, with a discount for a provider. Prints where it listens.
//
//   PORT=4300 node examples/own-calculator/calculator.mjs
//   BILLING_CALCULATOR_URL=http://127.0.0.1:4300/ npm start
import { createServer } from 'node:http';

const DISCOUNT_PERCENT = { anthropic: 20 };
const BUCKETS = {
  inputTokens: 'input',
  outputTokens: 'output',
  cacheReadTokens: 'cacheRead',
  cacheWriteTokens: 'cacheWrite',
  cacheWrite1hTokens: 'cacheWrite1h',
  reasoningTokens: 'reasoning',
};

/** Millionths of the currency's unit; null is unpriced, which is not zero. */
function priceOf(usage, card) {
  if (usage.kind !== 'model') return { amountMicroUnits: 0, note: 'free: our own machines' };
  const prices = card?.models.find(({ provider, model }) => provider === usage.provider && model === usage.model);
  if (!prices) return { amountMicroUnits: null, note: `unpriced: ${usage.provider} ${usage.model} is not on the card` };
  let exact = 0n;
  for (const [bucket, name] of Object.entries(BUCKETS)) {
    const price = prices.perMillionTokens[name];
    if (usage[bucket] > 0 && price === undefined)
      return { amountMicroUnits: null, note: `unpriced: no price of ${name}` };
    exact += BigInt(usage[bucket]) * BigInt(price ?? 0);
  }
  const discount = DISCOUNT_PERCENT[usage.provider] ?? 0;
  const amount = (exact * BigInt(100 - discount) + 50_000_000n) / 100_000_000n;
  return { amountMicroUnits: Number(amount), ...(discount > 0 && { note: `${discount} % discount` }) };
}

const server = createServer(async (request, response) => {
  const { usages, card } = await new Response(request).json();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ prices: usages.map(usage => priceOf(usage, card)) }));
});
server.listen(Number(process.env.PORT ?? 4300), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
