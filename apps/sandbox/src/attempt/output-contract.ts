import { isDeeperThan, MAX_LEVELS, type Json, type OutputContract, type StepError } from '@runledger/contracts';

/** More than these an agent would not put right at once. */
const MAX_TOLD = 20;

/** Checks what a step hands on against what its flow declares. Flows are published with schemas that compile (strictly). */
export class OutputCheck {
  readonly passes: number;
  readonly schema: OutputContract['schema'];
  readonly #problemsOf: (output: Json) => string[];

  private constructor({ schema, passes }: OutputContract, problemsOf: (output: Json) => string[]) {
    this.schema = schema;
    this.passes = passes;
    this.#problemsOf = problemsOf;
  }

  static async of(contract: OutputContract): Promise<OutputCheck> {
    const { knownCheck, toldFault } = await import('@runledger/contracts/json-schema'); // large, and not every step declares an output
    const check = knownCheck(contract.schema);
    return new OutputCheck(contract, output => check.faultsOf(output, MAX_TOLD).map(toldFault));
  }

  /** What is wrong with an output, one line each; empty when it fits. */
  problemsOf(output: Json): string[] {
    const tooDeep = depthProblem(output);
    return tooDeep === undefined ? this.#problemsOf(output) : [`the output ${tooDeep}`];
  }
}

/** Why an output is not taken over, whatever its flow declares; undefined when it is. */
export function depthProblem(output: Json): string | undefined {
  return isDeeperThan(output, MAX_LEVELS) ? `is nested more than ${MAX_LEVELS} levels deep` : undefined;
}

export function outputMissing(): StepError {
  return {
    code: 'OUTPUT_MISSING',
    message: 'The step ended without the structured output that its flow declares.',
    fix: 'Let the step hand its output on, or remove `output` from the flow.',
  };
}

export function outputUnfit(problems: readonly string[]): StepError {
  return {
    code: 'OUTPUT_INVALID',
    message: `The structured output does not fit its schema: ${problems.join('; ')}.`,
    fix: 'Say in the prompt or in the script what the output must look like, or change its schema.',
  };
}
