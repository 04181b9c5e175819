import { OUTSIDE_TOOLS } from '@runledger/contracts';
import type { AgentWork, CommandLineAgent } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';
import type { PassingTarget } from '../egress/key-relays.js';
import type { Connection } from '../integrations/credentials.js';

/** How a command-line agent is started, and how it comes to what opens its model. Holds secrets: never log it. */
export interface ProgramAccess {
  readonly argv: readonly [string, ...string[]];
  /** Of its own process and of what that starts; nothing else in the sandbox has it. */
  readonly env: Readonly<Record<string, string>>;
  /** Its key stays outside: what it asks of its model goes through here. */
  readonly relay?: { readonly target: PassingTarget; variables(url: string): Readonly<Record<string, string>> };
  /** A file that it wants to find, below its home; what is in it lies in the memory of its own `/tmp`. */
  readonly login?: { readonly path: string; readonly content: string };
  /** Under which provider its tokens are priced. */
  readonly billedAs: string;
}

interface ProgramKind {
  readonly title: string;
  readonly command: string;
  /** Where its model is when it has a key, and how that one is given there. */
  readonly api?: {
    readonly baseUrl: string;
    readonly pricedAs: string;
    headers(key: string): Readonly<Record<string, string>>;
    variables(url: string): Readonly<Record<string, string>>;
  };
  /** In which variable it looks for a secret, by the field of the integration. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly login?: string;
  /** The modes in which it asks before it acts, and in which the sandbox is protection enough. */
  readonly modes?: { readonly asking: string; readonly allowing?: string };
  /** Settings that it is given as JSON in a variable: where its calls are counted, and where it is to ask. */
  readonly configured?: {
    readonly variable: string;
    readonly whenCounted: Readonly<Record<string, string>>;
    readonly whenAsking: Readonly<Record<string, string>>;
  };
  /** How long its client waits for an answer of a server, for certain; left out: for as long as it takes. */
  readonly patienceMs?: number;
  /** How it is told to use what opens it, when it says that it has not been told. */
  readonly signIn?: string;
}

/** Most clients of servers give up after a minute, and cannot be told otherwise. */
const PATIENCE_MS = 50_000;

/** Stands where programs insist on a key; the real one is put in outside. */
const NO_KEY = 'put-in-outside-of-the-sandbox';

/** A sandbox cannot be made in a sandbox, so what it would run in its own one fails; what it asks to run outside of that, people decide. */
const ESCALATE =
  'Your own sandbox cannot be made here, because you work in a sandbox already: a command that runs in it fails. Run each command with ' +
  'sandbox_permissions set to require_escalated, and say in its justification what it is for.';

export const PROGRAMS: Readonly<Record<CommandLineAgent, ProgramKind>> = {
  'claude-code': {
    title: 'Claude Code',
    command: 'claude-agent-acp',
    api: {
      baseUrl: 'https://api.anthropic.com',
      pricedAs: 'anthropic',
      headers: key => ({ 'x-api-key': key }),
      variables: url => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: NO_KEY }),
    },
    variables: { token: 'CLAUDE_CODE_OAUTH_TOKEN' },
    modes: { asking: 'default' },
  },
  codex: {
    title: 'Codex',
    command: 'codex-acp',
    api: {
      baseUrl: 'https://api.openai.com/v1',
      pricedAs: 'openai-compatible',
      headers: key => ({ authorization: `Bearer ${key}` }),
      variables: url => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: NO_KEY }),
    },
    login: '.codex/auth.json',
    patienceMs: PATIENCE_MS,
    modes: { asking: 'read-only', allowing: 'agent-full-access' },
    configured: {
      variable: 'CODEX_CONFIG',
      // The vendor searches by itself, past the network of the sandbox, and nobody can say what that costs at most.
      whenCounted: { web_search: 'disabled' },
      whenAsking: { developer_instructions: ESCALATE },
    },
  },
  cursor: {
    title: 'Cursor',
    command: 'cursor-agent acp',
    variables: { apiKey: 'CURSOR_API_KEY' },
    patienceMs: PATIENCE_MS,
    signIn: 'cursor_login',
  },
  acp: { title: 'The agent', command: '', patienceMs: PATIENCE_MS },
};

/** Usage under this name costs 0 on purpose: it is paid for otherwise. */
const SUBSCRIPTION = 'subscription';

/** Whether it is to ask before it acts. */
export function isAsking({ asking }: Pick<StepRun, 'asking'>): boolean {
  return asking.some(tool => !OUTSIDE_TOOLS.includes(tool));
}

/** What the connection gives the program. */
export function accessOf(agent: CommandLineAgent, { settings, secrets }: Connection, asks: boolean): ProgramAccess {
  const { api, command: usual, login, variables = ownVariable(settings), configured } = PROGRAMS[agent];
  const [program = '', ...rest] = (settings['command'] ?? usual).trim().split(/\s+/);
  const key = secrets['apiKey'];
  const isCounted = api !== undefined && key !== undefined;
  const env = { ...named(variables, secrets), ...settingsFor(configured, { isCounted, asks }) };
  const start = { argv: [program, ...rest] as const, env };
  if (api && key !== undefined) {
    const target = { baseUrl: settings['baseUrl'] ?? api.baseUrl, headers: api.headers(key) };
    return { ...start, relay: { target, variables: url => api.variables(url) }, billedAs: api.pricedAs };
  }
  const content = login === undefined ? undefined : secrets['login'];
  return {
    ...start,
    ...(content !== undefined && login !== undefined && { login: { path: login, content } }),
    billedAs: agent === 'acp' && settings['subscription'] !== 'yes' ? agent : SUBSCRIPTION,
  };
}

function settingsFor(
  configured: ProgramKind['configured'],
  { isCounted, asks }: { readonly isCounted: boolean; readonly asks: boolean },
): Readonly<Record<string, string>> {
  if (!configured || (!isCounted && !asks)) return {};
  const { variable, whenCounted, whenAsking } = configured;
  return { [variable]: JSON.stringify({ ...(isCounted && whenCounted), ...(asks && whenAsking) }) };
}

function ownVariable(settings: Connection['settings']): Readonly<Record<string, string>> {
  return { apiKey: settings['variable'] ?? 'API_KEY' };
}

function named(variables: Readonly<Record<string, string>>, secrets: Connection['secrets']): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [field, variable] of Object.entries(variables)) {
    const secret = secrets[field];
    if (secret !== undefined) found[variable] = secret;
  }
  return found;
}

/** A name that leaves the choice of a model to the program. */
export function leavesModelTo(work: Pick<AgentWork, 'model'>): boolean {
  return work.model === 'default';
}
