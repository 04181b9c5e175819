import { z } from 'zod';
import { defineCommand } from './define-command.js';
import { integrationKind, integrationName } from './integration-kinds.js';

/**
 * Connects something outside, or connects it anew with other particulars. Secret fields go into the vault and nowhere else;
 * runs that are blocked for want of it go on.
 */
export const ConnectIntegration = defineCommand({
  service: 'sandbox',
  name: 'ConnectIntegration',
  input: z.strictObject({
    name: integrationName,
    kind: integrationKind,
    /** By the names of the kind's fields. */
    fields: z.record(z.string().max(100), z.string().max(20_000)),
  }),
  output: z.strictObject({ name: integrationName }),
  refusals: ['INVALID_INTEGRATION'],
});

/** Takes an integration away and destroys its secrets. */
export const DisconnectIntegration = defineCommand({
  service: 'sandbox',
  name: 'DisconnectIntegration',
  input: z.strictObject({ name: z.string().max(200) }),
  output: z.strictObject({ name: z.string() }),
  refusals: ['INTEGRATION_NOT_FOUND'],
});
