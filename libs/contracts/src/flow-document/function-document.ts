import { z } from 'zod';
import { functionWork } from '../flow-definition.js';

/** Of a function: what takes longer belongs into a sandbox. */
export const MAX_FUNCTION_TIMEOUT_MS = 900_000;

const functionName = functionWork.shape.name.describe('Its name.').meta({ examples: ['open-ticket'] });
const functionBlock = z.strictObject({
  name: functionName,
  input: functionWork.shape.input
    .optional()
    .describe('What it is called with. Texts may hold references, as in prompts.')
    .meta({ examples: [{ title: 'Release {{ parameters.version }}' }] }),
});

/** A function as people write it: its name, or a block. */
export const functionDocument = z
  .union([functionName, functionBlock], { error: 'the name of a function, or a block with `name` and `input`' })
  .describe(
    'A function of the operator’s does this step, in the orchestrator and without a sandbox: its name, or a block.',
  )
  .meta({ examples: [{ name: 'open-ticket', input: { title: 'Release {{ parameters.version }}' } }] });
