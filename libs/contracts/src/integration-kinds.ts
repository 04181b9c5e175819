import { z } from 'zod';

/** Agents that are programs of their own and speak the Agent Client Protocol. As providers and as kinds of integrations. */
export const COMMAND_LINE_AGENTS = ['claude-code', 'codex', 'cursor', 'acp'] as const;
export type CommandLineAgent = (typeof COMMAND_LINE_AGENTS)[number];

export function isCommandLineAgent(name: string): name is CommandLineAgent {
  return COMMAND_LINE_AGENTS.some(agent => agent === name);
}

/** Agents that work on machines of their vendor. As providers and as kinds of integrations. */
export const CLOUD_AGENTS = ['cursor-cloud'] as const;
export type CloudAgent = (typeof CLOUD_AGENTS)[number];

/** What can be connected to a workspace. */
export const integrationKind = z.enum([
  'anthropic',
  'openai-compatible',
  ...COMMAND_LINE_AGENTS,
  ...CLOUD_AGENTS,
  'mcp',
  'git',
  'credential',
]);
export type IntegrationKind = z.infer<typeof integrationKind>;

/** Names an integration within its workspace; flows require it by this name. No dots: they part a name from a field. */
export const integrationName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'letters, digits, dashes and underscores, at most 63');

/** One thing that an integration is told when it is connected. */
export interface IntegrationField {
  readonly name: string;
  /** Kept in the vault; else it is part of the event and shown to everyone who may see the integration. */
  readonly secret: boolean;
  readonly required: boolean;
  /** What a value has to look like; left out: any text. */
  readonly form?: 'url' | 'yes-no' | 'words';
  readonly description: string;
}

export interface IntegrationKindMeaning {
  readonly description: string;
  /** The field that is meant when a credential is asked for by the integration's name alone. */
  readonly main: string;
  readonly fields: readonly IntegrationField[];
}

const secret = (name: string, description: string, required = true): IntegrationField => ({
  ...{ name, description, required },
  secret: true,
});
const open = (
  name: string,
  description: string,
  more: { readonly required?: boolean; readonly form?: NonNullable<IntegrationField['form']> } = {},
): IntegrationField => ({ name, description, secret: false, required: false, ...more });

const program = (usual: string) =>
  open('command', `How it is started inside of the sandbox, without quotes; default \`${usual}\`.`, { form: 'words' });

/** What each kind is for, and what it is told. */
export const INTEGRATION_KINDS: Readonly<Record<IntegrationKind, IntegrationKindMeaning>> = {
  anthropic: {
    description: 'Claude, over the Anthropic Messages API.',
    main: 'apiKey',
    fields: [
      secret('apiKey', 'An API key of Anthropic.'),
      open('baseUrl', 'Another address that speaks the same API, such as a proxy.', { form: 'url' }),
    ],
  },
  'openai-compatible': {
    description: 'Anything that speaks OpenAI chat completions: OpenAI itself, Ollama, vLLM and others.',
    main: 'apiKey',
    fields: [
      open('baseUrl', 'Its address, as http://127.0.0.1:11434/v1 for Ollama.', { required: true, form: 'url' }),
      secret('apiKey', 'Its API key; local ones need none.', false),
      open('local', '`yes`: it runs on a machine of yours, and its tokens cost 0 on purpose.', { form: 'yes-no' }),
    ],
  },
  'claude-code': {
    description: 'Claude Code, as a program in the sandbox.',
    main: 'apiKey',
    fields: [
      secret('apiKey', 'An API key of Anthropic. It never enters the sandbox.', false),
      secret('token', 'Instead of a key: a token of a subscription, as `claude setup-token` prints it.', false),
      open('baseUrl', 'Another address that speaks the Messages API, such as a proxy.', { form: 'url' }),
      program('claude-agent-acp'),
    ],
  },
  codex: {
    description: 'Codex, as a program in the sandbox.',
    main: 'apiKey',
    fields: [
      secret('apiKey', 'An API key of OpenAI. It never enters the sandbox.', false),
      secret('login', 'Instead of a key: what is in the file `auth.json` of a signed-in Codex.', false),
      open('baseUrl', 'Another address that speaks the Responses API; with its version.', { form: 'url' }),
      program('codex-acp'),
    ],
  },
  cursor: {
    description: 'Cursor, as a program in the sandbox.',
    main: 'apiKey',
    fields: [secret('apiKey', 'A user API key of Cursor.'), program('cursor-agent acp')],
  },
  acp: {
    description: 'Any other agent that speaks the Agent Client Protocol, as a program in the sandbox.',
    main: 'apiKey',
    fields: [
      open('command', 'How it is started inside of the sandbox, without quotes.', { required: true, form: 'words' }),
      secret('apiKey', 'Its API key, if it needs one.', false),
      open('variable', 'The environment variable in which it looks for that key; default `API_KEY`.'),
      open('subscription', '`yes`: it is paid for otherwise, and its tokens cost 0 on purpose.', { form: 'yes-no' }),
    ],
  },
  'cursor-cloud': {
    description: 'Cursor, on machines of Cursor.',
    main: 'apiKey',
    fields: [
      secret('apiKey', 'An API key of Cursor: of a user, or of a service account. It never enters a sandbox.'),
      open('pullRequests', '`yes`: it opens a pull request for what it has changed.', { form: 'yes-no' }),
      open('baseUrl', 'Another address that speaks the Cloud Agents API, such as a proxy.', { form: 'url' }),
    ],
  },
  mcp: {
    description: 'A server of the Model Context Protocol.',
    main: 'token',
    fields: [
      open('url', 'Its address, when it is reached over HTTP.', { form: 'url' }),
      open('command', 'How it is started, when it speaks over its standard input and output.', { form: 'words' }),
      secret('token', 'The token that it is called with.', false),
    ],
  },
  git: {
    description: 'A host of repositories that are cloned with a token.',
    main: 'token',
    fields: [
      open('url', 'Repositories whose address begins so are cloned with it, as https://github.com/acme.', {
        required: true,
        form: 'url',
      }),
      open('username', 'Who the token belongs to; default `x-access-token`.'),
      secret('token', 'A token that may read the repositories.'),
    ],
  },
  credential: {
    description: 'A secret that steps ask for by name.',
    main: 'value',
    fields: [secret('value', 'The secret.')],
  },
};

/** What the vault calls a field of an integration. */
export function secretName(integration: string, field: string): string {
  return `${integration}.${field}`;
}
