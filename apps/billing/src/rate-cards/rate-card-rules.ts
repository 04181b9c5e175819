import type { RateCard } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';

/** One million units of currency per million tokens or per hour: more is a slip of the pen, and sums stay exact below it. */
const HIGHEST_PRICE = 1_000_000_000_000;

/** What is wrong with a card that has the right shape: prices named twice, priced and free, absurd or in no currency. */
export function problemsOf(card: RateCard): Problem[] {
  return [...currencyProblems(card), ...modelProblems(card), ...computeProblems(card), ...freeProblems(card)];
}

function currencyProblems({ currency }: RateCard): Problem[] {
  if (/^[A-Z]{3}$/.test(currency)) return [];
  return [
    { path: 'currency', message: `"${currency}" is no currency code.`, fix: 'Use an ISO 4217 code such as USD.' },
  ];
}

function modelProblems({ models }: RateCard): Problem[] {
  return models.flatMap(({ provider, model, upToPromptTokens, perMillionTokens }, at) => {
    const path = `models[${at}]`;
    const first = models.findIndex(
      other => other.provider === provider && other.model === model && other.upToPromptTokens === upToPromptTokens,
    );
    const twice = first < at ? [{ path, message: `${provider} ${model} is priced at models[${first}] already.` }] : [];
    return [...twice, ...tooHigh(`${path}.perMillionTokens`, Object.entries(perMillionTokens))];
  });
}

function computeProblems({ compute }: RateCard): Problem[] {
  return compute.flatMap(({ resourceClass, perHour }, at) => {
    const path = `compute[${at}]`;
    const first = compute.findIndex(other => other.resourceClass === resourceClass);
    const twice = first < at ? [{ path, message: `${resourceClass} is priced at compute[${first}] already.` }] : [];
    return [...twice, ...tooHigh(path, [['perHour', perHour]])];
  });
}

function freeProblems({ free, models }: RateCard): Problem[] {
  return free.flatMap(({ provider, model }, at) => {
    const priced = models.find(it => it.provider === provider && (model === undefined || it.model === model));
    if (!priced) return [];
    return [
      {
        path: `free[${at}]`,
        message: `${provider} ${model ?? priced.model} is both free and priced.`,
        fix: 'Keep one of the two.',
      },
    ];
  });
}

function tooHigh(path: string, prices: readonly (readonly [string, number | undefined])[]): Problem[] {
  return prices
    .filter(([, amount]) => amount !== undefined && amount > HIGHEST_PRICE)
    .map(([name, amount]) => ({ path: `${path}.${name}`, message: `${amount} micro-units is beyond any real price.` }));
}
