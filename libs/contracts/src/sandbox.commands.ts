import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { profileDefinition } from './profile-definition.js';
import { slug } from './values.js';

/** Publishes a sandbox profile; the same content published again answers with the version that exists. */
export const PublishSandboxProfile = defineCommand({
  service: 'sandbox',
  name: 'PublishSandboxProfile',
  input: z.strictObject({ definition: profileDefinition }),
  output: z.strictObject({ profileId: z.string(), slug, version: z.int(), created: z.boolean() }),
  refusals: ['INVALID_PROFILE', 'MOUNT_NOT_ALLOWED', 'ISOLATION_NOT_ALLOWED'],
});
