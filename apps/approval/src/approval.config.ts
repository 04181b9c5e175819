import { InvalidConfigError, isAddressRange, parseConfig, PLAIN_ADDRESS } from '@runledger/platform';
import { z } from 'zod';

const schema = z.object({
  NOTIFY_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('the address at which people reach this platform, for links in messages; without it messages have none'),
  NOTIFY_SMTP_URL: z
    .url({ protocol: /^smtps?$/ })
    .optional()
    .describe('the server that sends mail, smtp(s)://user:password@host:port'),
  NOTIFY_MAIL_FROM: z.string().regex(PLAIN_ADDRESS).optional().describe('who the mail is from'),
  NOTIFY_SLACK_URL: z
    .url({ protocol: /^https?$/ })
    .default('https://slack.com/api/')
    .describe('the address of Slack’s Web API'),
  NOTIFY_PRIVATE_NETWORKS: z
    .string()
    .default('')
    .refine(list => listed(list).every(isAddressRange), 'is not a list of addresses and ranges such as 10.1.0.0/16')
    .describe(
      'addresses and ranges that are not public and that webhooks may be sent to all the same, separated by commas; to these plain http will do',
    ),
  RUNLEDGER_VAULT_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}([\s,]+[0-9a-fA-F]{64})*$/, 'not 64 hex digits for each key')
    .optional(),
});

/** Beside the keys of the vault, which are described where steps are. */
export const approvalVariables = schema.omit({ RUNLEDGER_VAULT_KEY: true });

/** Holds a secret: never log it. */
export interface MailSettings {
  /** `smtp(s)://user:password@host:port`. */
  readonly smtp: string;
  readonly from: string;
}

/** How people are told that something waits for them. Holds secrets: never log it. */
export interface ApprovalConfig {
  /** Without a slash at the end; undefined: messages have no links. */
  readonly publicUrl?: string;
  readonly mail?: MailSettings;
  readonly slackUrl: string;
  readonly privateNetworks: readonly string[];
  /** Keys of the vault; undefined: those of the file. */
  readonly vaultKey?: string;
}

/** Throws `InvalidConfigError`, which lists every variable that cannot be used. */
export function readApprovalConfig(environment = process.env): ApprovalConfig {
  const values = parseConfig(schema, environment);
  const { NOTIFY_SMTP_URL: smtp, NOTIFY_MAIL_FROM: from, NOTIFY_PUBLIC_URL: publicUrl } = values;
  if ((smtp === undefined) !== (from === undefined)) {
    const variable = smtp === undefined ? 'NOTIFY_SMTP_URL' : 'NOTIFY_MAIL_FROM';
    throw new InvalidConfigError([{ variable, message: 'is missing, and mail takes both', fix: `Set ${variable}.` }]);
  }
  return {
    slackUrl: values.NOTIFY_SLACK_URL.replace(/\/*$/, '/'),
    privateNetworks: listed(values.NOTIFY_PRIVATE_NETWORKS),
    ...(publicUrl !== undefined && { publicUrl: publicUrl.replace(/\/+$/, '') }),
    ...(smtp !== undefined && from !== undefined && { mail: { smtp, from } }),
    ...(values.RUNLEDGER_VAULT_KEY !== undefined && { vaultKey: values.RUNLEDGER_VAULT_KEY }),
  };
}

function listed(list: string): string[] {
  return list
    .split(',')
    .map(range => range.trim())
    .filter(range => range !== '');
}
