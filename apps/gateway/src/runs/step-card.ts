import { artifactNode } from '../artifacts/artifact-nodes.js';
import { autoResolutionNode } from '../auto-resolutions/auto-resolution-nodes.js';
import type { Caller } from '../access/caller.js';
import { stepActionsFor } from './run-actions.js';
import type { RunDetails } from './run-details.js';
import { stepNode, type RunNode } from './run-nodes.js';
import type { StepView } from './run-view.js';
import { requestNode } from './request-nodes.js';
import { artifactsOf } from './step-artifacts.js';

/**
 * A step as the API shows it. What else belongs to it is read when it is asked for; by functions, not by a resolver class, since a
 * run has hundreds of cards and the framework's call for a field of each costs more than most answers.
 */
export function stepCard(run: RunNode, step: StepView, details: RunDetails, caller: Caller) {
  const requestId = step.gate?.requestId;
  return {
    ...stepNode(run, step, details.now),
    availableActions: () => (run.past ? [] : stepActionsFor(run.view, step, caller)),
    artifacts: async () => (await artifactsOf(details, run.id, step)).map(artifactNode),
    autoResolved: async () => {
      const found = await details.autoResolutions();
      return found.filter(row => row.step === step.key).map(autoResolutionNode);
    },
    gate: requestId === undefined ? null : () => gateOf(requestId),
  };

  async function gateOf(id: string) {
    const view = (await details.approvals()).find(request => request.requestId === id);
    return view ? requestNode(run, view, caller) : null;
  }
}
