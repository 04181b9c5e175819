import { z } from 'zod';

/** A member by id (`mem_…`) or e-mail address. */
export const approver = z.string().min(1).max(320);

/** Who decides at a gate, and how many of them must agree. */
export const gatePolicy = z.strictObject({
  /** Left out or empty: any member with the scope `flows.run`. */
  approvers: z.array(approver).max(100).optional(),
  /** So many must approve; one rejection rejects. */
  count: z.int().min(1).max(100),
  /** Whoever started the run may not decide. */
  excludeStarter: z.boolean(),
});
export type GatePolicy = z.infer<typeof gatePolicy>;

export const gateTimeoutOutcome = z.enum(['FAIL', 'REJECT', 'SKIP', 'ESCALATE']);
export type GateTimeoutOutcome = z.infer<typeof gateTimeoutOutcome>;

export const MIN_GATE_TIMEOUT_MS = 100;
export const MAX_GATE_TIMEOUT_MS = 366 * 86_400_000;

/** A place where people decide: what they are asked, who they are, and what happens when nobody answers. */
export const gateDefinition = z.strictObject({
  message: z.string().min(1).max(4_000),
  policy: gatePolicy,
  /** Left out: the gate waits as long as it takes. */
  timeoutMs: z.int().min(MIN_GATE_TIMEOUT_MS).max(MAX_GATE_TIMEOUT_MS).optional(),
  /** What the end of `timeoutMs` means. */
  onTimeout: gateTimeoutOutcome,
  /** Who may decide as well once the time is over; for `ESCALATE`. */
  escalateTo: z.array(approver).min(1).max(100).optional(),
  /** A background run passes this gate by itself and writes the decision down. */
  autoApproveInBackground: z.boolean(),
});
export type GateDefinition = z.infer<typeof gateDefinition>;

/** A gate at which one member, whoever it is, decides whenever they like. */
export function gateAsking(message: string, more: Partial<GateDefinition> = {}): GateDefinition {
  const policy = { count: 1, excludeStarter: false };
  return { message, policy, onTimeout: 'FAIL', autoApproveInBackground: false, ...more };
}
