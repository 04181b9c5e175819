import type { FlowDefinition, Requirements, StepDefinition } from '@runledger/contracts';

/** Whether agents of this workspace can use a provider now. */
export type ProviderConnected = (provider: string, workspaceId: string) => boolean;

/** What there is outside of flows and profiles, by name. */
export interface Available {
  readonly provider: ProviderConnected;
  readonly credentials: ReadonlySet<string>;
  readonly environments: ReadonlySet<string>;
  readonly integrations: ReadonlySet<string>;
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
  readonly credentials: readonly Need[];
  readonly environments: readonly Need[];
  readonly integrations: readonly Need[];
}

interface Place {
  readonly tenant: string;
  readonly available: Available;
}

/** What these steps of the flow need from outside, each by name once, and whether it is there. */
export function needsOf(
  flow: FlowDefinition,
  steps: readonly StepDefinition[],
  { tenant, available }: Place,
): RunNeeds {
  const required = (kind: keyof Requirements, there: ReadonlySet<string>) => {
    const flows = flow.requires[kind].map((name): NamedBy => [name, undefined]);
    const own = steps.flatMap(step => (step.requires?.[kind] ?? []).map((name): NamedBy => [name, step.key]));
    return collected([...flows, ...own], name => there.has(name));
  };
  const named = (nameOf: (step: StepDefinition) => string | undefined) =>
    steps.flatMap((step): NamedBy[] => {
      const name = nameOf(step);
      return name === undefined ? [] : [[name, step.key]];
    });
  // A skill is a part of the flow from its publication on; one that was not there then has no version.
  const open = new Set(steps.flatMap(({ agent }) => (agent?.skillVersion === undefined ? [agent?.skill] : [])));
  return {
    // Scripted agents ask nobody.
    providers: collected(
      named(step => step.agent?.provider),
      name => name === 'scripted' || available.provider(name, tenant),
    ),
    skills: collected(
      named(step => step.agent?.skill),
      name => !open.has(name),
    ),
    credentials: required('credentials', available.credentials),
    environments: required('environments', available.environments),
    integrations: required('integrations', available.integrations),
  };
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
