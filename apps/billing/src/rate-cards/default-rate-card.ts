import { readFileSync } from 'node:fs';
import { rateCard } from '@runledger/contracts';
import { z } from 'zod';

const shipped = z.strictObject({
  collectedOn: z.iso.date(),
  sources: z.array(z.string()).min(1),
  notes: z.array(z.string()),
  effectiveFrom: z.iso.datetime(),
  card: rateCard,
});

/** The public list prices that this release ships, with their date and where they were taken from. */
export const defaultRateCard = shipped.parse(
  JSON.parse(readFileSync(new URL('./default-rate-card.json', import.meta.url), 'utf8')),
);
