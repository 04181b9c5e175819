import {
  CreateEventTrigger,
  DeleteEventTrigger,
  PauseEventTrigger,
  ResumeEventTrigger,
  type InputOf,
  type OutputOf,
  type RefusalOf,
} from '@runledger/contracts';
import { derivedId, type CommandContext, type CommandHandler } from '@runledger/event-store';
import { idOf, isRejection, reject, streamOf } from '@runledger/kernel';
import type { CommandOutcome, CommandRegistry } from '@runledger/platform';
import type { PinnedFlows } from '../runs/pinned-flows.js';
import { flowNotFound, flowSlug } from '../runs/start-request.js';
import { eventTriggers, type EventTriggerCommand } from './event-trigger.decider.js';
import { triggerProblems } from './trigger-expressions.js';

type Outcome<Command> = CommandOutcome<OutputOf<Command>, RefusalOf<Command> & string>;
type Named = InputOf<typeof PauseEventTrigger>;

/** Answers the commands about triggers on events. */
export class EventTriggerDesk {
  constructor(
    private readonly handler: CommandHandler,
    private readonly flows: PinnedFlows,
  ) {}

  answer(commands: CommandRegistry): void {
    commands.answer(CreateEventTrigger, (input, context) => this.create(input, context));
    commands.answer(PauseEventTrigger, (input, context) => this.#change('PauseEventTrigger', input, context));
    commands.answer(ResumeEventTrigger, (input, context) => this.#change('ResumeEventTrigger', input, context));
    commands.answer(DeleteEventTrigger, (input, context) => this.#change('DeleteEventTrigger', input, context));
  }

  async create(
    input: InputOf<typeof CreateEventTrigger>,
    context: CommandContext,
  ): Promise<Outcome<typeof CreateEventTrigger>> {
    const details = triggerProblems(input);
    if (details.length > 0) return { status: 'refused', refusal: invalid(details) };
    const flow = await this.#flowFor(input, context.workspaceId);
    if (isRejection(flow)) return { status: 'refused', refusal: flow };
    const triggerId = idOf('trig', derivedId(context.commandId, 'event-trigger', 0));
    const { event, condition, mapping, start } = input;
    const data = {
      ...{ triggerId, name: input.name ?? `${flow} on ${event}`, event, mapping },
      ...(condition === undefined ? {} : { condition }),
      start: { ...start, flow },
      ...{ createdBy: context.actor, createdAt: context.occurredAt },
    };
    const outcome = await this.#handle({ type: 'CreateEventTrigger', data }, context);
    if (outcome.status === 'accepted') return { ...outcome, output: { triggerId } };
    return { status: 'refused', refusal: { ...outcome.refusal, rejected: 'TOO_MANY_EVENT_TRIGGERS' } };
  }

  async #change(
    type: Exclude<EventTriggerCommand['type'], 'CreateEventTrigger'>,
    { triggerId }: Named,
    context: CommandContext,
  ): Promise<Outcome<typeof PauseEventTrigger>> {
    const data = { triggerId, by: context.actor, at: context.occurredAt };
    const outcome = await this.#handle({ type, data }, context);
    if (outcome.status === 'accepted') return { ...outcome, output: { triggerId } };
    return { status: 'refused', refusal: { ...outcome.refusal, rejected: 'EVENT_TRIGGER_NOT_FOUND' } };
  }

  /** The slug of a flow that there is. Whether its parameters fit is known when an event has given them values. */
  async #flowFor({ start }: InputOf<typeof CreateEventTrigger>, tenant: string) {
    const slug = flowSlug(start.flow);
    const known = slug === undefined ? undefined : await this.flows.find(tenant, slug, start.version);
    if (slug !== undefined && known) return slug;
    const request = { ...start, trigger: { kind: 'event' as const } };
    return flowNotFound(request, false) as ReturnType<typeof reject<'FLOW_NOT_FOUND'>>;
  }

  async #handle(command: EventTriggerCommand, context: CommandContext) {
    const stream = streamOf('trigger', context.workspaceId);
    const own = { ...context, correlationId: command.data.triggerId };
    const outcome = await this.handler.handle(eventTriggers, stream, command, own);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted' as const, position: outcome.position };
  }
}

function invalid(details: ReturnType<typeof triggerProblems>) {
  const [first] = details;
  const message = details.length === 1 && first ? first.message : `${details.length} things about it are wrong.`;
  const fix = (details.length === 1 ? first?.fix : undefined) ?? 'Put right what the details name.';
  return reject('INVALID_EVENT_TRIGGER', message, { fix, details });
}
