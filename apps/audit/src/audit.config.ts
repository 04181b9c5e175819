import { parseConfig } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  AUDIT_ORIGIN: z
    .string()
    .regex(/^[^\s+]{1,200}$/)
    .optional()
    .describe('the name of the log in checkpoints, such as ledger.example.com/prod; by default runledger/ and its id'),
  AUDIT_PUBLISH: z
    .string()
    .default('')
    .refine(list => addressesIn(list).every(isPlace), 'an address is not one of file:///directory or http(s)://…')
    .describe(
      'where checkpoints of the log are published, separated by commas: file:///a/directory, or the http(s) address of a webhook',
    ),
  AUDIT_PUBLISH_SECONDS: z.coerce.number().min(1).max(86_400).default(60).describe('how often, while the log grows'),
});
export { schema as auditVariables };

/** How the log is sealed and published. Addresses may hold secrets: never log them. */
export interface AuditConfig {
  readonly origin?: string;
  readonly publish: readonly string[];
  readonly publishEveryMs: number;
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readAuditConfig(environment = process.env): AuditConfig {
  const values = parseConfig(schema, environment);
  return {
    ...(values.AUDIT_ORIGIN === undefined ? {} : { origin: values.AUDIT_ORIGIN }),
    publish: addressesIn(values.AUDIT_PUBLISH),
    publishEveryMs: values.AUDIT_PUBLISH_SECONDS * 1_000,
  };
}

function addressesIn(list: string): string[] {
  return list
    .split(',')
    .map(address => address.trim())
    .filter(address => address !== '');
}

function isPlace(address: string): boolean {
  return URL.canParse(address) && /^(file:\/\/\/|https?:\/\/)/.test(address);
}
