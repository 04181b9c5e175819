import { z } from 'zod';
import { consumedFiles } from '../flow-definition.js';
import { stepKey } from '../values.js';

export const consumedDocument = z
  .array(
    z.strictObject({
      step: stepKey
        .describe('Key of a step that is done before and that keeps the files.')
        .meta({ examples: ['build'] }),
      name: consumedFiles.shape.name
        .describe('Path of a kept file, or a glob for several. Default: all that the step kept.')
        .optional()
        .meta({ default: '**', examples: ['dist/app.tgz'] }),
      path: consumedFiles.shape.path
        .describe('Directory below the workspace where they are put. Default: `artifacts/<step>`.')
        .optional()
        .meta({ examples: ['in'] }),
    }),
  )
  .max(100)
  .describe('Files that earlier steps kept, put into the workspace read-only before this step begins.')
  .meta({ examples: [[{ step: 'build', name: 'dist/app.tgz', path: 'in' }]] });
