import type { GateDefinition, PreflightReport, RunChoices, StepDefinition } from '@runledger/contracts';

type ExpectedGate = PreflightReport['gates'][number];

/** Where a run with these choices will ask people, as far as its way leads there. */
export function expectedGates(steps: readonly StepDefinition[], choices: RunChoices): ExpectedGate[] {
  return steps.flatMap(step => gatesOf(step, choices));
}

function gatesOf(step: StepDefinition, { checkpointMode, execution }: RunChoices): ExpectedGate[] {
  const passes = (gate: GateDefinition) => execution === 'BACKGROUND' && gate.autoApproveInBackground;
  const expected = (position: ExpectedGate['position'], gate: GateDefinition): ExpectedGate => ({
    step: step.key,
    position,
    origin: 'template',
    message: gate.message,
    policy: gate.policy,
    ...(gate.timeoutMs !== undefined && { timeoutMs: gate.timeoutMs }),
    passedByItself: passes(gate),
  });
  // A step that is a gate is what the author wants done, not a checkpoint of the run.
  if (step.gate) return [expected('between', step.gate)];
  const before = checkpointMode === 'NONE' ? undefined : step.gates?.before;
  const after = checkpointMode === 'NONE' ? undefined : step.gates?.after;
  const checkpoint = before === undefined && checkpointMode === 'EVERY_STEP' ? [everyStep(step)] : [];
  return [...(before ? [expected('before', before)] : checkpoint), ...(after ? [expected('after', after)] : [])];
}

function everyStep(step: StepDefinition): ExpectedGate {
  return {
    step: step.key,
    position: 'before',
    origin: 'every_step',
    message: `Start “${step.name}”?`,
    policy: { count: 1, excludeStarter: false },
    passedByItself: false,
  };
}
