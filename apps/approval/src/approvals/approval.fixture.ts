import { ApprovalRequested } from '@runledger/contracts';
import type { ApprovalDecision } from '@runledger/contracts';
import type { ApprovalCommand } from './approval.decider.js';
import type { Requested } from './approval-state.js';
import type { PersonsDecision } from './approval-votes.js';
import { shownHash } from './shown-hash.js';

export const AT = '2026-11-21T10:00:00.000Z';
export const place = { requestId: 'apr_0198.deploy.before.1', runId: 'run_0198', step: 'deploy' };

const message = 'Deploy to production?';
const shown = { flow: 'Release', stepName: 'Deploy', upstream: [] };

/** A gate as its request has it: anybody may decide, alone, and as long as it takes. */
export function gateOf(more: Partial<Requested> = {}): Requested {
  return {
    ...{ ...place, kind: 'gate', message, shown, shownHash: shownHash({ message, shown }), calls: [] },
    decisions: ['APPROVE', 'REJECT', 'SKIP', 'REQUEST_CHANGES'],
    policy: { count: 1, excludeStarter: false },
    startedBy: 'mem_ada',
    requestedAt: AT,
    ...more,
  };
}

export const asked = (more: Partial<Requested> = {}) => ApprovalRequested(gateOf(more));

export function promptOf(more: Partial<Requested> = {}): Requested {
  const call = { tool: 'bash', arguments: { command: 'npm test' }, callHash: 'c'.repeat(64) };
  return gateOf({
    kind: 'permission',
    message: 'An agent asks to call bash.',
    shown: call,
    decisions: ['ALLOW_ONCE', 'ALLOW_RUN', 'ALLOW_ALWAYS', 'DENY'],
    calls: [{ step: 'deploy', attempt: 1, callId: 'deploy.1.t1.1' }],
    ...more,
  });
}

export const member = (name: string) => ({ kind: 'member', id: `mem_${name}` }) as const;

export function says(name: string, decision: ApprovalDecision, more: Partial<PersonsDecision> = {}): ApprovalCommand {
  const data = { requestId: place.requestId, decision, by: member(name), decidedAt: AT, ...more };
  return { type: 'DecideApproval', data };
}
