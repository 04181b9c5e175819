import { createHash } from 'node:crypto';
import type { InputOf, OutputOf, PublishFlow, RefusalOf } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { canonicalJson, idOf, reject, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { flow } from './flow.decider.js';
import { readFlow } from './read-flow.js';

type Outcome = CommandOutcome<OutputOf<typeof PublishFlow>, RefusalOf<typeof PublishFlow>>;

/** Answers PublishFlow: reads the document, and stores a new version unless it says what the newest says already. */
export async function publishFlow(
  commands: CommandHandler,
  input: InputOf<typeof PublishFlow>,
  context: CommandContext,
): Promise<Outcome> {
  const reading = readFlow(input.source, input.format);
  if ('problems' in reading) {
    const count = reading.problems.length;
    const message = count === 1 ? 'The flow has a problem.' : `The flow has ${count} problems.`;
    return { status: 'refused', refusal: reject('INVALID_FLOW', message, { details: reading.problems }) };
  }
  const { flow: definition, format } = reading;
  const flowId = idOf('flow', definition.slug);
  const hash = createHash('sha256').update(canonicalJson(definition)).digest('hex');
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
        sourceFormat: format,
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
