import type { Json, OutputContract, StepError } from '@runledger/contracts';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

/** More than these an agent would not put right at once. */
const MAX_TOLD = 20;

/** Checks what a step hands on against what its flow declares. Flows are published with schemas that compile (strictly). */
export class OutputCheck {
  readonly passes: number;
  readonly schema: OutputContract['schema'];
  readonly #validate: ValidateFunction;

  private constructor({ schema, passes }: OutputContract, validate: ValidateFunction) {
    this.schema = schema;
    this.passes = passes;
    this.#validate = validate;
  }

  static async of(contract: OutputContract): Promise<OutputCheck> {
    const { compiled } = await import('./output-schema.js'); // large, and not every step declares an output
    return new OutputCheck(contract, compiled(contract.schema));
  }

  /** What is wrong with an output, one line each; empty when it fits. */
  problemsOf(output: Json): string[] {
    if (this.#validate(output)) return [];
    return (this.#validate.errors ?? []).slice(0, MAX_TOLD).map(lineOf);
  }
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

function lineOf({ instancePath, message, params }: ErrorObject): string {
  const place = instancePath === '' ? 'the output' : instancePath;
  const allowed = (params as { allowedValues?: unknown }).allowedValues;
  const more = (params as { additionalProperty?: string }).additionalProperty;
  const particulars = [allowed && JSON.stringify(allowed), more && `\`${more}\``].filter(Boolean).join(' ');
  return `${place} ${message ?? 'does not fit'}${particulars === '' ? '' : ` (${particulars})`}`;
}
