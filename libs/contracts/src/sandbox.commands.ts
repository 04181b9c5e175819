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

const strength = z.enum(['hard', 'soft', 'absent']);

/**
 * Says with which drivers the replica that answers makes sandboxes, whether it has proven that they isolate, and how surely each
 * limit of a profile holds: by the kernel, by a watchdog a moment later, or not at all.
 */
export const DescribeSandboxDrivers = defineCommand({
  service: 'sandbox',
  name: 'DescribeSandboxDrivers',
  input: z.strictObject({}),
  output: z.strictObject({
    drivers: z.array(
      z.strictObject({
        name: z.enum(['bubblewrap', 'docker', 'kubernetes', 'process']),
        /** What profiles write to get it. */
        isolation: z.enum(['bubblewrap', 'docker', 'kubernetes', 'none']),
        /** `UNPROVEN`: nobody has needed it yet in this process. */
        state: z.enum(['PROVEN', 'UNPROVEN', 'UNAVAILABLE']),
        /** Why it is unavailable, and what to do. */
        problem: z.string().optional(),
        limits: z.strictObject({
          memory: strength,
          pids: strength,
          cpu: strength,
          workspaceBytes: strength,
          tmpBytes: strength,
          network: strength,
          processTree: strength,
        }),
        freeze: z.boolean(),
      }),
    ),
  }),
  refusals: [],
});
