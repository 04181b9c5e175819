import type { StepError } from '@runledger/contracts';

/** Largest output that a step can hand on; the next steps and gates are stored with it in one append of one megabyte. */
export const MAX_OUTPUT_BYTES = 200_000;
/** In characters. */
export const MAX_SUMMARY = 16_000;

export function outputTooLarge(bytes: number, fix: string): StepError {
  return {
    code: 'OUTPUT_TOO_LARGE',
    message: `The output of the step has ${bytes} bytes; at most ${MAX_OUTPUT_BYTES} can be handed on.`,
    fix,
  };
}
