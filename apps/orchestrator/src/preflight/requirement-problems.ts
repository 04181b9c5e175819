import { reject, type Problem } from '@runledger/kernel';
import type { Decline } from '../runs/start-request.js';
import { providersMissing } from '../runs/start-request.js';
import type { Need, RunNeeds } from './run-needs.js';

/** What a run needs and its workspace has not, in the order in which it declines a start. */
export function requirementProblems(needs: RunNeeds): Decline[] {
  const missing = (all: readonly Need[]) => all.filter(({ available }) => !available);
  const [providers, skills] = [missing(needs.providers), missing(needs.skills)];
  const elsewhere = [
    ...missing(needs.functions).map(need => absent('function', need, FUNCTION_FIX)),
    ...missing(needs.credentials).map(need => absent('credential', need, CREDENTIAL_FIX)),
    ...missing(needs.environments).map(need => absent('environment', need, ENVIRONMENT_FIX)),
    ...missing(needs.integrations).map(need => absent('integration', need, INTEGRATION_FIX)),
  ];
  return [
    ...(providers.length > 0 ? [providersMissing(providers.map(({ name }) => name))] : []),
    ...(skills.length > 0 ? [skillsMissing(skills)] : []),
    ...(elsewhere.length > 0 ? [notThere(elsewhere)] : []),
  ];
}

const FUNCTION_FIX =
  'Let the operator add it to the module that ORCHESTRATOR_FUNCTIONS names, and restart the orchestrator.';
const CREDENTIAL_FIX = 'Connect an integration of this name, or let the operator name it in AVAILABLE_CREDENTIALS.';
const ENVIRONMENT_FIX = 'Set it up, and name it in AVAILABLE_ENVIRONMENTS.';
const INTEGRATION_FIX = 'Connect an integration of this name, or let the operator name it in CONNECTED_INTEGRATIONS.';

function skillsMissing(skills: readonly Need[]): Decline {
  const names = skills.map(({ name }) => name).join(', ');
  return reject('SKILL_UNAVAILABLE', `The flow uses ${names}, which this workspace has not.`, {
    fix: 'Publish the skill, then the flow again, or let the step do without it.',
    details: skills.map(need => ({ path: placeOf(need), message: `There is no skill ${need.name}.` })),
  });
}

function absent(kind: string, need: Need, fix: string): Problem {
  return { path: placeOf(need), message: `The ${kind} ${need.name} is not there.`, fix };
}

function notThere(details: readonly Problem[]): Decline {
  const [first] = details;
  const message =
    details.length === 1 && first ? first.message : `${details.length} things that it requires are missing.`;
  return reject('PREFLIGHT_FAILED', message, { fix: first?.fix ?? '', details });
}

/** `requires` of the flow, or of the first step that needs it. */
function placeOf({ steps: [first] }: Need): string {
  return first === undefined ? 'requires' : `steps.${first}`;
}
