import type { StepFunctions } from '@runledger/contracts';

/** Functions that steps of flows call, by their names: the default export of the module that `ORCHESTRATOR_FUNCTIONS` names. */
export function defineFunctions<Functions extends StepFunctions>(functions: Functions): Functions {
  return functions;
}
