import { z } from 'zod';
import { defineCommand } from './define-command.js';

/** One page of a run's audit export: NDJSON lines as strings, in log order; `next` is absent on the last page. */
export const ExportRun = defineCommand({
  service: 'audit',
  name: 'ExportRun',
  input: z.strictObject({
    runId: z.string(),
    cursor: z.string().max(400).optional(),
    limit: z.int().min(1).max(1_000).optional(),
  }),
  output: z.strictObject({ lines: z.array(z.string()), next: z.string().optional() }),
  refusals: ['RUN_NOT_FOUND', 'INVALID_CURSOR'],
});
