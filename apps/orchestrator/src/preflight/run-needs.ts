import { CLOUD_AGENTS, COMMAND_LINE_AGENTS } from '@runledger/contracts';
import type {
  FlowDefinition,
  IntegrationBook,
  IntegrationKind,
  Requirements,
  StepDefinition,
} from '@runledger/contracts';

/** Whether agents of this workspace can use a provider now. */
export type ProviderConnected = (provider: string, workspaceId: string) => boolean;

/** What there is outside of flows and profiles, by name. */
export interface Available {
  readonly provider: ProviderConnected;
  readonly credentials: ReadonlySet<string>;
  readonly environments: ReadonlySet<string>;
  readonly integrations: ReadonlySet<string>;
  /** The operator's, of this process: each orchestrator has the same. */
  readonly functions: ReadonlySet<string>;
}

/** Something that a run needs. No steps: the flow as a whole needs it. */
export interface Need {
  readonly name: string;
  readonly steps: readonly string[];
  readonly available: boolean;
}

export interface RunNeeds {
  readonly providers: readonly Need[];
  readonly skills: readonly Need[];
  readonly functions: readonly Need[];
  readonly credentials: readonly Need[];
  readonly environments: readonly Need[];
  readonly integrations: readonly Need[];
}

interface Place {
  readonly tenant: string;
  readonly available: Available;
  /** What the workspace itself has connected. */
  readonly book: IntegrationBook;
}

/** What these steps of the flow need from outside, each by name once, and whether it is there. */
export function needsOf(
  flow: FlowDefinition,
  steps: readonly StepDefinition[],
  { tenant, available, book }: Place,
): RunNeeds {
  const required = (kind: keyof Requirements, there: (name: string) => boolean) => {
    const flows = flow.requires[kind].map((name): NamedBy => [name, undefined]);
    const own = steps.flatMap(step => (step.requires?.[kind] ?? []).map((name): NamedBy => [name, step.key]));
    return collected([...flows, ...own], there);
  };
  const named = (nameOf: (step: StepDefinition) => string | undefined) =>
    steps.flatMap((step): NamedBy[] => {
      const name = nameOf(step);
      return name === undefined ? [] : [[name, step.key]];
    });
  // A skill is a part of the flow from its publication on; one that was not there then has no version.
  const open = new Set(steps.flatMap(({ agent }) => (agent?.skillVersion === undefined ? [agent?.skill] : [])));
  const kinds = new Set<string>([...book.values()].map(({ kind }) => kind));
  return {
    providers: collected(named(providerOf), name => {
      const [provider = '', connection] = name.split(' ', 2);
      if (connection !== undefined) return book.get(connection)?.kind === PROVIDER_KINDS[provider];
      return provider === SCRIPTED || kinds.has(PROVIDER_KINDS[provider] ?? '') || available.provider(provider, tenant);
    }),
    skills: collected(
      named(step => step.agent?.skill),
      name => !open.has(name),
    ),
    functions: collected(
      named(step => step.function?.name),
      name => available.functions.has(name),
    ),
    credentials: required('credentials', name => available.credentials.has(name) || book.has(name)),
    environments: required('environments', name => available.environments.has(name)),
    integrations: required(
      'integrations',
      name => available.integrations.has(name) || book.has(name) || kinds.has(name),
    ),
  };
}

/** Whether it matters for these steps what the workspace has connected: mostly it does not, and then nobody needs to look. */
export function mayNeedConnections({ requires }: FlowDefinition, steps: readonly StepDefinition[]): boolean {
  const named = [requires, ...steps.map(step => step.requires)];
  return (
    named.some(one => (one?.credentials?.length ?? 0) + (one?.integrations?.length ?? 0) > 0) ||
    steps.some(({ agent }) => agent !== undefined && providerOf({ agent }) !== SCRIPTED)
  );
}

/** Agents that ask nobody. */
const SCRIPTED = 'scripted';

/** The kind of integration that a provider is reached through. */
const PROVIDER_KINDS: Readonly<Record<string, IntegrationKind>> = {
  anthropic: 'anthropic',
  'openai-compatible': 'openai-compatible',
  ...Object.fromEntries([...COMMAND_LINE_AGENTS, ...CLOUD_AGENTS].map(agent => [agent, agent])),
};

/** A provider, and the connection that is named: `openai-compatible ollama`. */
function providerOf({ agent }: Pick<StepDefinition, 'agent'>): string | undefined {
  return agent && [agent.provider, agent.connection].filter(part => part !== undefined).join(' ');
}

/** A name, and the step that needs it; undefined: the flow as a whole. */
type NamedBy = readonly [name: string, step: string | undefined];

/** Each name once, with all its steps. */
function collected(named: readonly NamedBy[], available: (name: string) => boolean): Need[] {
  const byName = new Map<string, string[]>();
  for (const [name, step] of named) {
    const steps = byName.get(name) ?? [];
    byName.set(name, steps);
    if (step !== undefined) steps.push(step);
  }
  return [...byName].map(([name, steps]) => ({ name, steps, available: available(name) }));
}
