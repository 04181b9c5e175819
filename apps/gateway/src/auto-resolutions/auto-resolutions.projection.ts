import { CallAutoResolved } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineRows } from '@runledger/projections';

/** Which calls of dangerous tools went ahead because a grant covers them. */
export const autoResolutions = defineRows<EventOf<readonly [typeof CallAutoResolved]>>({
  name: 'auto-resolutions',
  version: 1,
  table: 'auto_resolutions',
  uniqueBy: ['workspace_id', 'run_id', 'call_id'],
  types: [CallAutoResolved.type],
  rows: ({ tenant, position, data }) => [
    {
      workspace_id: tenant,
      run_id: data.runId,
      call_id: data.callId,
      step: data.step,
      attempt: data.attempt,
      tool: data.tool,
      grant_id: data.grantId,
      scope: data.scope,
      granted_by: data.grantedBy,
      resolved_at: data.at,
      position,
    },
  ],
});
