import { flowDefinition, type AgentWork, type FlowDefinition, type StepDefinition } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { MAX_DOCUMENT_BYTES } from '../flows/read-flow.js';
import { jsonBytes } from '../values/storable-text.js';
import type { PublishedSkill } from './published-skills.js';

/** The skill that a step names; undefined when it is not there. */
export type FindSkill = (slug: string, version: number | undefined) => Promise<PublishedSkill | undefined>;

export type Pinned = { readonly flow: FlowDefinition } | { readonly problems: readonly Problem[] };

/**
 * Makes the skills that agents work with a part of the flow: what a version of a flow does is in that version, whatever is
 * published later. A skill that is not there is left open; a start declines until the flow was published with it.
 */
export async function pinSkills(flow: FlowDefinition, find: FindSkill): Promise<Pinned> {
  const problems: Problem[] = [];
  const steps: StepDefinition[] = [];
  const looked = new Map<string, Promise<PublishedSkill | undefined>>();
  for (const [index, step] of flow.steps.entries()) {
    const { skill: slug, skillVersion } = step.agent ?? {};
    const found = slug === undefined ? undefined : await onceFor(looked, { slug, version: skillVersion }, find);
    if (found === undefined && skillVersion !== undefined) problems.push(noSuchVersion(index, slug, skillVersion));
    steps.push(step.agent && found ? withSkill(step, step.agent, found) : step);
  }
  if (problems.length > 0) return { problems };
  if (looked.size === 0) return { flow };
  const pinned = flowDefinition.safeParse({ ...flow, steps });
  if (pinned.success && jsonBytes(pinned.data) <= MAX_DOCUMENT_BYTES) return { flow: pinned.data };
  return { problems: [tooLarge()] };
}

/** Thousands of steps may share a skill. */
function onceFor(
  looked: Map<string, Promise<PublishedSkill | undefined>>,
  { slug, version }: { readonly slug: string; readonly version: number | undefined },
  find: FindSkill,
): Promise<PublishedSkill | undefined> {
  const key = `${slug}@${version ?? 'newest'}`;
  const found = looked.get(key) ?? find(slug, version);
  looked.set(key, found);
  return found;
}

/** What the step says itself comes after the skill, or goes before it. */
function withSkill(step: StepDefinition, agent: AgentWork, { version, definition }: PublishedSkill): StepDefinition {
  const tools = agent.tools ?? definition.tools;
  const output = step.output ?? (definition.output && { schema: definition.output, passes: 2 });
  return {
    ...step,
    agent: {
      ...agent,
      skillVersion: version,
      instructions: joined(definition.instructions, agent.instructions),
      ...(tools && { tools }),
      ...(definition.mcpServers && { mcpServers: definition.mcpServers }),
    },
    ...(output && { output }),
  };
}

/** A stored flow may be published again: what it holds of the skill is not put there twice. */
function joined(skill: string, own: string | undefined): string {
  if (own === undefined) return skill;
  return own.startsWith(skill) ? own : `${skill}\n\n${own}`;
}

function noSuchVersion(index: number, slug: string | undefined, version: number): Problem {
  const path = `steps[${index}].agent.skillVersion`;
  if (slug === undefined) return { path, message: 'No skill is named.', fix: 'Add `skill`, or remove `skillVersion`.' };
  return {
    path,
    message: `There is no version ${version} of the skill \`${slug}\`.`,
    fix: 'Leave `skillVersion` out to take the newest.',
  };
}

function tooLarge(): Problem {
  return {
    path: '',
    message: 'With the instructions of its skills the flow is too large.',
    fix: 'Shorten the instructions, or split the flow.',
  };
}
