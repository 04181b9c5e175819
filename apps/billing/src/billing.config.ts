import { parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  BILLING_CALCULATOR_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('a program of your own that prices usage, in the place of the rate card, for billing'),
});
export { schema as billingVariables };

export interface BillingConfig {
  readonly calculatorUrl: string | undefined;
}

export function readBillingConfig(environment = process.env): BillingConfig {
  return { calculatorUrl: parseConfig(schema, environment).BILLING_CALCULATOR_URL };
}
