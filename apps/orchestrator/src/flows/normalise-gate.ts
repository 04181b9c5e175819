import { durationMs, type GateBlock, type GateDefinition, type GateDocument } from '@runledger/contracts';

export function normaliseGate(written: GateDocument): GateDefinition {
  const gate: GateBlock = typeof written === 'string' ? { message: written } : written;
  const who = gate.approvers ?? gate.policy?.approvers;
  const limit = gate.timeoutMs ?? (gate.timeout === undefined ? undefined : durationMs(gate.timeout));
  return {
    message: gate.message,
    policy: {
      ...(who === undefined ? {} : { approvers: [...new Set(who)] }),
      count: gate.count ?? gate.policy?.count ?? 1,
      excludeStarter: gate.excludeStarter ?? gate.policy?.excludeStarter ?? false,
    },
    ...(limit === undefined ? {} : { timeoutMs: limit }),
    onTimeout: gate.onTimeout ?? 'FAIL',
    ...(gate.escalateTo === undefined ? {} : { escalateTo: [...new Set(gate.escalateTo)] }),
    autoApproveInBackground: gate.autoApproveInBackground ?? false,
  };
}
