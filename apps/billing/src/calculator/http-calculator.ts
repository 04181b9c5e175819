import { microUnits } from '@runledger/contracts';
import { Fault, RetryableError } from '@runledger/kernel';
import { z } from 'zod';
import type { Price } from '../charges/price.js';
import type { Calculator, PricingRequest } from './calculator.js';

const answer = z.strictObject({
  prices: z.array(
    z.strictObject({ amountMicroUnits: microUnits.nonnegative().nullable(), note: z.string().max(1_000).optional() }),
  ),
});

const TIMEOUT_MS = 10_000;

/**
 * Prices by a program of one's own: `POST` with the request as JSON, answered with `{ "prices": [{ "amountMicroUnits", "note" }] }`,
 * one for each usage. While it does not answer nothing is charged, and what waits for a price is priced when it does.
 */
export class HttpCalculator implements Calculator {
  constructor(private readonly url: string) {}

  async price(request: PricingRequest): Promise<readonly Price[]> {
    if (request.usages.length === 0) return [];
    const { prices } = this.#checked(await this.#ask(request));
    if (prices.length === request.usages.length)
      return prices.map(({ amountMicroUnits, note }) => ({ amountMicroUnits, ...(note !== undefined && { note }) }));
    throw this.#unfit(`has ${prices.length} prices for ${request.usages.length} uses`);
  }

  async #ask(request: PricingRequest): Promise<unknown> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw this.#away('cannot be reached', cause);
    });
    if (!response.ok) throw this.#away(`answered ${response.status}`);
    return response.json().catch((cause: unknown) => {
      throw this.#unfit('is no JSON', cause);
    });
  }

  #checked(body: unknown): z.output<typeof answer> {
    const { success, data, error } = answer.safeParse(body);
    if (success) return data;
    throw this.#unfit('does not fit', error);
  }

  #away(what: string, cause?: unknown): RetryableError {
    const message = `The calculator at ${this.url} ${what}. What was used is charged when it answers.`;
    return new RetryableError('CALCULATOR_UNAVAILABLE', message, { cause, fields: { url: this.url } });
  }

  #unfit(what: string, cause?: unknown): Fault {
    const message = `The answer of the calculator at ${this.url} ${what}. Put it right and try the parked events again.`;
    return new Fault('CALCULATOR_UNFIT', message, { cause, fields: { url: this.url } });
  }
}
