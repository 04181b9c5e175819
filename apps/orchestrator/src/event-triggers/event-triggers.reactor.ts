import { TRIGGERING_EVENTS, type Json } from '@runledger/contracts';
import type { Actor, CommandHandler, RecordedEvent } from '@runledger/event-store';
import { reject, RetryableError, streamOf } from '@runledger/kernel';
import { reactionContext, type Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { evaluate, holds } from '../expressions/evaluate-expression.js';
import { run } from '../runs/run.decider.js';
import { runIdOfKey } from '../runs/run-ids.js';
import type { RunStarter } from '../runs/run-starter.js';
import type { Decline, StartRequest } from '../runs/start-request.js';
import { EventScope } from './event-scope.js';
import type { EventTrigger } from './event-trigger.decider.js';
import type { StandingTriggers } from './standing-triggers.js';

const NAME = 'orchestrator.event-triggers';

export interface EventTriggerParts {
  readonly standing: StandingTriggers;
  readonly commands: CommandHandler;
  readonly starter: Pick<RunStarter, 'start' | 'decline'>;
  readonly clock: Clock;
}

/** A run could not be started for a reason that passes: the event is reacted to again. */
class NotStartedYetError extends RetryableError {
  constructor(triggerId: string, code: string) {
    super('TRIGGERED_START_WAITS', `Trigger ${triggerId} could not start its run yet (${code}); it is tried again.`, {
      fields: { triggerId, code },
    });
  }
}

/**
 * An event happened: each trigger that waits for it starts one run, however often and wherever the event is told (R1): the run's
 * idempotency key derives from the trigger and the event.
 */
export function eventTriggerReactor(parts: EventTriggerParts): Reactor {
  return { name: NAME, types: TRIGGERING_EVENTS, react: event => react(event, parts) };
}

async function react(event: RecordedEvent, parts: EventTriggerParts): Promise<void> {
  const triggers = await parts.standing.on(event);
  if (triggers.length === 0) return;
  const scope = await EventScope.of(event, parts.commands);
  for (const trigger of triggers) await fire(trigger, { event, scope, parts });
}

interface Happening {
  readonly event: RecordedEvent;
  readonly scope: EventScope;
  readonly parts: EventTriggerParts;
}

async function fire({ plan }: EventTrigger, { event, scope, parts }: Happening): Promise<void> {
  const { triggerId, createdBy, start } = plan;
  const idempotencyKey = `event ${triggerId} ${event.id}`;
  if (await isThere(event.tenant, idempotencyKey, parts.commands)) return;
  const asked = requestOf(plan, scope);
  if (asked === 'does not concern it') return;
  const options = { reactor: `${NAME} ${triggerId}`, actor: onBehalfOf(createdBy), now: parts.clock.now() };
  const context = reactionContext(event, options);
  const trigger = { kind: 'event' as const, ref: triggerId, depth: scope.depth + 1 };
  const request: StartRequest = { ...start, trigger, idempotencyKey };
  if ('unfit' in asked) {
    await parts.starter.decline(asked.unfit, request, context);
    return;
  }
  const outcome = await parts.starter.start({ ...request, parameters: asked.parameters }, context);
  if (outcome.status === 'refused' && outcome.refusal.rejected === 'PLATFORM_STARTING')
    throw new NotStartedYetError(triggerId, outcome.refusal.rejected);
}

type Asked =
  | 'does not concern it'
  | { readonly parameters: Readonly<Record<string, Json>> & StartRequest['parameters'] }
  | { readonly unfit: Decline };

/** What the event asks for, when it does; an expression that cannot be evaluated is told to whoever looks after the trigger. */
function requestOf({ condition, mapping, start }: EventTrigger['plan'], scope: EventScope): Asked {
  const met = condition === undefined ? { value: true } : holds(condition, scope.for(condition));
  if ('error' in met) return { unfit: unfit('condition', met.error.message) };
  if (!met.value) return 'does not concern it';
  const parameters: Record<string, Json> = { ...start.parameters };
  for (const [name, text] of Object.entries(mapping)) {
    const mapped = evaluate(text, scope.for(text));
    if ('error' in mapped) return { unfit: unfit(`mapping.${name}`, mapped.error.message) };
    parameters[name] = mapped.value;
  }
  return { parameters };
}

function unfit(path: string, message: string): Decline {
  const fix = 'Ask `has(…)` first for what some events do not have, and make the trigger anew.';
  return reject('INVALID_PARAMETER', message, { fix, details: [{ path, message }] });
}

async function isThere(tenant: string, idempotencyKey: string, commands: CommandHandler): Promise<boolean> {
  const name = streamOf('run', runIdOfKey(tenant, idempotencyKey));
  return (await commands.load(run, { tenant, name })).state.status !== 'absent';
}

/** The trigger starts runs for whoever made it. */
function onBehalfOf({ kind, id, name }: EventTrigger['plan']['createdBy']): Actor {
  return { kind, id, ...(name === undefined ? {} : { name }), via: 'event' };
}
