import { InvalidConfigError, parseConfig, PLAIN_ADDRESS } from '@runledger/platform';
import type { ConfigProblem } from '@runledger/platform';
import { z } from 'zod';
import { mailAddressIn } from './publishing/mail-address.js';
import type { PlaceSettings } from './publishing/places.js';

const schema = z.object({
  AUDIT_ORIGIN: z
    .string()
    .regex(/^[^\s+]{1,200}$/)
    .optional()
    .describe('the name of the log in checkpoints, such as ledger.example.com/prod; by default runledger/ and its id'),
  AUDIT_PUBLISH: z
    .string()
    .default('')
    .refine(
      list => addressesIn(list).every(isPlace),
      'an address is not one of file:///directory, s3://bucket/prefix, mailto:somebody@example.com or http(s)://…',
    )
    .describe(
      'where checkpoints of the log are published, separated by commas: file:///a/directory, s3://bucket/prefix, mailto:somebody@example.com, or the http(s) address of a webhook',
    ),
  AUDIT_PUBLISH_SECONDS: z.coerce.number().min(1).max(86_400).default(60).describe('how often, while the log grows'),
  AUDIT_S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('the http(s) address of a store that speaks S3, if the bucket of AUDIT_PUBLISH is not Amazon’s'),
  AUDIT_S3_REGION: z.string().min(1).default('us-east-1').describe('the region of that bucket'),
  AUDIT_S3_ACCESS_KEY_ID: z.string().optional().describe('the key id; without it the machine’s own rights are used'),
  AUDIT_S3_SECRET_ACCESS_KEY: z.string().optional().describe('the secret of that key'),
  AUDIT_S3_RETAIN_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(36_500)
    .default(3_650)
    .describe('how long the object lock keeps a checkpoint from everybody'),
  AUDIT_SMTP_URL: z
    .url({ protocol: /^smtps?$/ })
    .optional()
    .describe('the server that sends mail, smtp(s)://user:password@host:port'),
  AUDIT_MAIL_FROM: z.string().regex(PLAIN_ADDRESS).optional().describe('who the mail is from'),
  AUDIT_MAIL_SECONDS: z.coerce
    .number()
    .min(1)
    .max(31_536_000)
    .default(86_400)
    .describe('how often a checkpoint is sent by mail, while the log grows'),
});
type Values = z.output<typeof schema>;
export { schema as auditVariables };

/** How the log is sealed and published. Addresses may hold secrets: never log them. */
export interface AuditConfig extends PlaceSettings {
  readonly origin?: string;
  readonly publish: readonly string[];
  readonly publishEveryMs: number;
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readAuditConfig(environment = process.env): AuditConfig {
  const values = parseConfig(schema, environment);
  const problems = problemsOf(values);
  if (problems.length > 0) throw new InvalidConfigError(problems);
  return {
    ...settingsOf(values),
    ...(values.AUDIT_ORIGIN === undefined ? {} : { origin: values.AUDIT_ORIGIN }),
    publish: addressesIn(values.AUDIT_PUBLISH),
    publishEveryMs: values.AUDIT_PUBLISH_SECONDS * 1_000,
  };
}

function settingsOf(values: Values): PlaceSettings {
  const { AUDIT_S3_ENDPOINT: endpoint, AUDIT_SMTP_URL: smtp, AUDIT_MAIL_FROM: from } = values;
  const { AUDIT_S3_ACCESS_KEY_ID: accessKeyId, AUDIT_S3_SECRET_ACCESS_KEY: secretAccessKey } = values;
  const bucket = {
    ...{ region: values.AUDIT_S3_REGION, retainDays: values.AUDIT_S3_RETAIN_DAYS },
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
  };
  if (smtp === undefined || from === undefined) return { bucket };
  return { bucket, mail: { smtp, from, atMostEveryMs: values.AUDIT_MAIL_SECONDS * 1_000 } };
}

function problemsOf(values: Values): ConfigProblem[] {
  const { AUDIT_S3_ACCESS_KEY_ID: id, AUDIT_S3_SECRET_ACCESS_KEY: secret } = values;
  const sendsMail = addressesIn(values.AUDIT_PUBLISH).some(address => address.startsWith('mailto:'));
  const missing = (variable: string, isMissing: boolean, why: string): ConfigProblem[] =>
    isMissing ? [{ variable, message: `is missing, but ${why}`, fix: `Set ${variable}.` }] : [];
  const mail = 'AUDIT_PUBLISH names a mailbox';
  return [
    ...missing('AUDIT_SMTP_URL', sendsMail && values.AUDIT_SMTP_URL === undefined, mail),
    ...missing('AUDIT_MAIL_FROM', sendsMail && values.AUDIT_MAIL_FROM === undefined, mail),
    ...missing('AUDIT_S3_SECRET_ACCESS_KEY', id !== undefined && secret === undefined, 'AUDIT_S3_ACCESS_KEY_ID is set'),
    ...missing('AUDIT_S3_ACCESS_KEY_ID', id === undefined && secret !== undefined, 'AUDIT_S3_SECRET_ACCESS_KEY is set'),
  ];
}

function addressesIn(list: string): string[] {
  return list
    .split(',')
    .map(address => address.trim())
    .filter(address => address !== '');
}

function isPlace(address: string): boolean {
  if (!URL.canParse(address)) return false;
  if (address.startsWith('mailto:')) return PLAIN_ADDRESS.test(mailAddressIn(address));
  return /^(file:\/\/\/|https?:\/\/|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$))/.test(address);
}
