import { actorNode } from '../graph/nodes.js';
import type { AutoResolutionRow } from './auto-resolutions.entity.js';

/** Such a call as the API shows it. */
export function autoResolutionNode(row: AutoResolutionRow) {
  const { callId, attempt, tool, grantId, scope, grantedBy, resolvedAt } = row;
  const scopes = { run: 'RUN', workspace: 'WORKSPACE' } as const;
  return { callId, attempt, tool, grantId, scope: scopes[scope], grantedBy: actorNode(grantedBy), at: resolvedAt };
}
