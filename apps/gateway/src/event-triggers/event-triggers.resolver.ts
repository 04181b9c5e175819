import {
  CreateEventTrigger,
  DeleteEventTrigger,
  PauseEventTrigger,
  ResumeEventTrigger,
  type InputOf,
  type Json,
} from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { jsonObject } from '../graph/json-object.js';
import { actorNode, refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { keyIn } from '../reads/row-key.js';
import { startOf, type StartInput } from '../runs/start-input.js';
import { EventTriggerRow } from './event-triggers.entity.js';
import type { EventTriggerView, TriggerFiring } from './event-triggers.projection.js';

type CreateCommand = InputOf<typeof CreateEventTrigger>;

interface EventTriggerInput extends StartInput {
  readonly name?: string | null;
  readonly event: string;
  readonly condition?: string | null;
  readonly mapping?: Json | null;
}

const mappings = z.record(z.string(), z.string());

@Resolver('EventTrigger')
export class EventTriggersResolver {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  @Query('eventTriggers')
  @Requires('flows.manage')
  async eventTriggers(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() { workspaceId }: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const order = { createdAt: 'ASC', key: 'ASC' } as const;
    const found = await this.rows.getRepository(EventTriggerRow).find({ where: { workspaceId }, order });
    return found.map(row => triggerNode(row.view));
  }

  @Mutation('createEventTrigger')
  @Requires('flows.manage')
  async createEventTrigger(@Args('input') input: EventTriggerInput, @CallerOf() caller: Caller) {
    const mapping = mappings.safeParse(jsonObject(input.mapping, 'mapping'));
    if (!mapping.success) return refusalNode('EventTriggerRefused', notExpressions());
    const outcome = await this.desk.send(CreateEventTrigger, createCommand(input, mapping.data), caller);
    if (outcome.status === 'refused') return refusalNode('EventTriggerRefused', outcome.refusal);
    return this.#changed(caller, outcome.output.triggerId, outcome.position);
  }

  @Mutation('pauseEventTrigger')
  @Requires('flows.manage')
  pauseEventTrigger(@Args('id') id: string, @CallerOf() caller: Caller) {
    return this.#change(PauseEventTrigger, id, caller);
  }

  @Mutation('resumeEventTrigger')
  @Requires('flows.manage')
  resumeEventTrigger(@Args('id') id: string, @CallerOf() caller: Caller) {
    return this.#change(ResumeEventTrigger, id, caller);
  }

  @Mutation('deleteEventTrigger')
  @Requires('flows.manage')
  async deleteEventTrigger(@Args('id') id: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(DeleteEventTrigger, { triggerId: id }, caller);
    if (outcome.status === 'refused') return refusalNode('EventTriggerRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['event-triggers']);
    return { __typename: 'DeletedEventTrigger' as const, id };
  }

  async #change(command: typeof PauseEventTrigger, id: string, caller: Caller) {
    const outcome = await this.desk.send(command, { triggerId: id }, caller);
    if (outcome.status === 'refused') return refusalNode('EventTriggerRefused', outcome.refusal);
    return this.#changed(caller, id, outcome.position);
  }

  async #changed({ workspaceId }: Caller, id: string, position: bigint | undefined) {
    if (position !== undefined) await this.readModels.reach(position, ['event-triggers']);
    const row = await this.rows.getRepository(EventTriggerRow).findOneByOrFail({ key: keyIn(workspaceId, id) });
    return triggerNode(row.view);
  }
}

function createCommand(input: EventTriggerInput, mapping: CreateCommand['mapping']): CreateCommand {
  const { name, event, condition } = input;
  return {
    ...{ event, mapping },
    ...(name != null && { name }),
    ...(condition != null && { condition }),
    start: startOf(input),
  };
}

function notExpressions() {
  const fix = 'Write each value as an expression in quotes, as "event.data.runId".';
  return reject('INVALID_EVENT_TRIGGER', 'A mapping names an expression for each parameter.', { fix });
}

function triggerNode(view: EventTriggerView) {
  const { triggerId, name, status, event, condition, mapping, start, firings, createdBy, createdAt } = view;
  return {
    __typename: 'EventTrigger' as const,
    ...{ id: triggerId, name, status, event, mapping, createdAt },
    condition: condition ?? null,
    flow: start.flow,
    flowVersion: start.version ?? null,
    parameters: start.parameters,
    firings: firings.map(firingNode),
    createdBy: actorNode(createdBy),
  };
}

function firingNode({ eventId, firedAt, runId, declined }: TriggerFiring) {
  return { eventId, firedAt, runId: runId ?? null, declined: declined?.code ?? null, why: declined?.message ?? null };
}
