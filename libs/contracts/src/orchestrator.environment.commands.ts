import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { environmentHealth, environmentName } from './orchestrator.environment.events.js';

/** Says how an environment is that flows require. While it is not healthy, steps that require it are blocked. */
export const ReportEnvironment = defineCommand({
  service: 'orchestrator',
  name: 'ReportEnvironment',
  input: z.strictObject({
    environment: environmentName,
    health: environmentHealth,
    reason: z.string().max(2_000).optional(),
  }),
  /** `changed`: false when it was so before. */
  output: z.strictObject({ environment: environmentName, health: environmentHealth, changed: z.boolean() }),
  refusals: ['ENVIRONMENT_NOT_FOUND'],
});
