import { createHash } from 'node:crypto';
import type { InputOf, OutputOf, PublishSkill, RefusalOf, SkillDefinition } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { canonicalJson, idOf, reject, streamOf, type Problem } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { FOR_OUTPUTS, schemaFaults } from '../flows/schema-faults.js';
import { pathText } from '../flows/located-document.js';
import { unstorableTexts } from '../values/storable-text.js';
import { skill } from './skill.decider.js';

type Outcome = CommandOutcome<OutputOf<typeof PublishSkill>, RefusalOf<typeof PublishSkill>>;

/** Answers PublishSkill: stores a new version unless it says what the newest says already. */
export async function publishSkill(
  commands: CommandHandler,
  { definition }: InputOf<typeof PublishSkill>,
  context: CommandContext,
): Promise<Outcome> {
  const problems = problemsOf(definition);
  if (problems.length > 0) {
    const message = problems.length === 1 ? 'The skill has a problem.' : `The skill has ${problems.length} problems.`;
    return {
      status: 'refused',
      refusal: reject('INVALID_SKILL', message, { fix: 'Mend each place that the details name.', details: problems }),
    };
  }
  const skillId = idOf('skill', definition.slug);
  const hash = createHash('sha256').update(canonicalJson(definition)).digest('hex');
  const { slug } = definition;
  const data = { skillId, slug, hash, definition, publishedBy: context.actor, publishedAt: context.occurredAt };
  const accepted = await commands.handle(
    skill,
    streamOf('skill', skillId),
    { type: 'PublishSkillVersion', data },
    context,
  );
  if (accepted.status === 'refused') return accepted;
  // One event per version, from revision 0: also when the version existed, or this very command was sent before.
  const version = accepted.revision + 1;
  return {
    status: 'accepted',
    output: { skillId, slug, version, hash, created: accepted.events.length > 0 },
    position: accepted.position,
  };
}

function problemsOf(definition: SkillDefinition): Problem[] {
  const texts = unstorableTexts(definition).map(path => ({
    path: pathText(path),
    message: 'This text holds a NUL character or half a surrogate pair.',
    fix: 'Remove it.',
  }));
  const faults = definition.output === undefined ? [] : schemaFaults(definition.output, FOR_OUTPUTS);
  return [...texts, ...faults.map(fault => ({ ...fault, path: pathText(['output', ...fault.path]) }))];
}
