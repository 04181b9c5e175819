import type { InputOf, OutputOf, PublishFlow, RefusalOf } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { idOf, reject, streamOf, type Problem } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { pinSkills } from '../skills/pin-skills.js';
import type { PublishedSkills } from '../skills/published-skills.js';
import { contentHash } from './content-hash.js';
import { flow } from './flow.decider.js';
import type { FlowReaders } from './flow-readers.js';

type Outcome = CommandOutcome<OutputOf<typeof PublishFlow>, RefusalOf<typeof PublishFlow>>;

export interface PublishParts {
  readonly commands: CommandHandler;
  readonly skills: PublishedSkills;
  readonly readers: FlowReaders;
}

/** Answers PublishFlow: reads the document, and stores a new version unless it says what the newest says already. */
export async function publishFlow(
  { commands, skills, readers }: PublishParts,
  input: InputOf<typeof PublishFlow>,
  context: CommandContext,
): Promise<Outcome> {
  const reading = await readers.read({ source: input.source, format: input.format });
  if ('problems' in reading) return refused(reading.problems);
  const pinned = await pinSkills(reading.flow, (slug, version) => skills.find(context.workspaceId, slug, version));
  if ('problems' in pinned) return refused(pinned.problems);
  const { flow: definition } = pinned;
  const flowId = idOf('flow', definition.slug);
  const hash = await contentHash(definition);
  const accepted = await commands.handle(
    flow,
    streamOf('flow', flowId),
    {
      type: 'PublishFlowVersion',
      data: {
        flowId,
        slug: definition.slug,
        hash,
        definition,
        source: input.source,
        sourceFormat: reading.format,
        publishedBy: context.actor,
        publishedAt: context.occurredAt,
      },
    },
    context,
  );
  if (accepted.status === 'refused') return accepted;
  // One event per version, from revision 0: also when the version existed, or this very command was sent before.
  const version = accepted.revision + 1;
  return {
    status: 'accepted',
    output: { flowId, slug: definition.slug, version, hash, created: accepted.events.length > 0 },
    position: accepted.position,
  };
}

function refused(details: readonly Problem[]): Outcome {
  const message = details.length === 1 ? 'The flow has a problem.' : `The flow has ${details.length} problems.`;
  return {
    status: 'refused',
    refusal: reject('INVALID_FLOW', message, {
      fix: 'Put right what the details name, and publish it again.',
      details,
    }),
  };
}
