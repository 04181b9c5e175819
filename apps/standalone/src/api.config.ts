import type { GatewayOptions } from '@runledger/gateway';
import { InvalidConfigError, parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  API_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(0)
    .default(30_000)
    .describe(
      'requests that one token may send to one gateway in a minute, operations on sockets included; 0: any number',
    ),
  CORS_ORIGINS: z
    .string()
    .default('')
    .describe(
      'origins whose pages may call the API from a browser, such as https://app.example.org; separated by commas',
    ),
  GRAPHQL_INTROSPECTION: z.enum(['on', 'off']).default('on').describe('off, to keep the schema from being asked for'),
  GRAPHQL_OPERATIONS: z
    .enum(['any', 'stored'])
    .default('any')
    .describe(
      'stored, to answer only operations that were stored beforehand, and those of the console and of libs/client',
    ),
  GRAPHQL_STORED_OPERATIONS: z
    .string()
    .default('')
    .describe('manifests of stored operations: JSON files or folders of them, separated by colons'),
  OIDC_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('https://… of an OpenID Connect provider whose tokens count beside API tokens'),
  OIDC_AUDIENCE: z.string().min(1).optional().describe('whom its tokens must be for (`aud`); needed with OIDC_ISSUER'),
});
export { schema as apiVariables };

/** How the gateway's API is open to others. */
export type ApiConfig = Pick<
  GatewayOptions,
  'requestsPerMinute' | 'corsOrigins' | 'introspection' | 'operations' | 'identityProvider'
>;

/** Throws `InvalidConfigError`. */
export function readApiConfig(environment = process.env): ApiConfig {
  const values = parseConfig(schema, environment);
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = values;
  if ((issuer === undefined) !== (audience === undefined)) {
    const missing = issuer === undefined ? 'OIDC_ISSUER' : 'OIDC_AUDIENCE';
    throw incomplete(missing);
  }
  return {
    requestsPerMinute: values.API_REQUESTS_PER_MINUTE,
    corsOrigins: originsIn(values.CORS_ORIGINS),
    introspection: values.GRAPHQL_INTROSPECTION === 'on',
    operations: {
      storedOnly: values.GRAPHQL_OPERATIONS === 'stored',
      manifests: values.GRAPHQL_STORED_OPERATIONS.split(':').filter(place => place !== ''),
    },
    ...(issuer !== undefined && audience !== undefined && { identityProvider: { issuer, audience } }),
  };
}

function incomplete(variable: 'OIDC_ISSUER' | 'OIDC_AUDIENCE'): InvalidConfigError {
  const fix = `Set it to ${String(schema.shape[variable].description)}.`;
  return new InvalidConfigError([{ variable, message: 'is not set, and the other one is', fix }]);
}

function originsIn(text: string): string[] {
  const origins = text
    .split(',')
    .map(origin => origin.trim())
    .filter(origin => origin !== '');
  const wrong = origins.find(origin => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong === undefined) return origins;
  const fix = `Set it to ${String(schema.shape.CORS_ORIGINS.description)}.`;
  throw new InvalidConfigError([{ variable: 'CORS_ORIGINS', message: `${wrong} is no origin`, fix }]);
}
