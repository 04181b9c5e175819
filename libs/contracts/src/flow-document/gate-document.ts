import { approver, gateTimeoutOutcome, MAX_GATE_TIMEOUT_MS, MIN_GATE_TIMEOUT_MS } from '../gate-definition.js';
import { z } from 'zod';
import { duration } from './durations.js';

const message = z.string().min(1).max(4_000);
const approvers = z.array(approver).min(1).max(100);
const count = z.int().min(1).max(100);

const policy = z
  .strictObject({
    approvers: approvers
      .optional()
      .describe('Members by id or e-mail. Default: every member who may run flows.')
      .meta({ examples: [['ada@example.com', 'grace@example.com']] }),
    count: count
      .optional()
      .describe('So many must approve. Default 1.')
      .meta({ default: 1, examples: [2] }),
    excludeStarter: z
      .boolean()
      .optional()
      .describe('Whoever started the run may not decide. Default false.')
      .meta({ default: false, examples: [true] }),
  })
  .describe('The long form of `approvers`, `count` and `excludeStarter`.')
  .meta({ examples: [{ approvers: ['ada@example.com', 'grace@example.com'], count: 2, excludeStarter: true }] });

const block = z
  .strictObject({
    message: message.describe('What people are asked.').meta({ examples: ['Deploy to production?'] }),
    approvers: policy.shape.approvers,
    count: policy.shape.count,
    excludeStarter: policy.shape.excludeStarter,
    policy: policy.optional(),
    timeout: duration(MIN_GATE_TIMEOUT_MS, MAX_GATE_TIMEOUT_MS)
      .optional()
      .describe('How long people have. Default: as long as it takes.')
      .meta({ examples: ['24h'] }),
    timeoutMs: z
      .int()
      .min(MIN_GATE_TIMEOUT_MS)
      .max(MAX_GATE_TIMEOUT_MS)
      .optional()
      .describe('The long form of `timeout`, in milliseconds.')
      .meta({ examples: [86_400_000] }),
    onTimeout: gateTimeoutOutcome
      .optional()
      .describe(
        'What it means that nobody decided in time: `FAIL` (default) fails the step, `REJECT` rejects the run, `SKIP` skips the step, `ESCALATE` asks `escalateTo` as well.',
      )
      .meta({ default: 'FAIL', examples: ['REJECT'] }),
    escalateTo: approvers
      .optional()
      .describe('Members who may decide as well once the time is over; for `onTimeout: ESCALATE`.')
      .meta({ examples: [['head@example.com']] }),
    autoApproveInBackground: z
      .boolean()
      .optional()
      .describe('A background run approves this gate by itself and writes the decision down. Default false.')
      .meta({ default: false, examples: [true] }),
  })
  .meta({ id: 'gate' });

/** A gate as people write it: its message, or a block. */
export type GateBlock = z.infer<typeof block>;
export const gateDocument = z.union([message, block], {
  error: 'a gate is its message (text), or a block with `message`',
});
export type GateDocument = z.infer<typeof gateDocument>;
