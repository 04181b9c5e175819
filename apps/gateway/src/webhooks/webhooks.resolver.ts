import type { Json } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { jsonObject } from '../graph/json-object.js';
import { actorNode, refusalNode } from '../graph/nodes.js';
import { ReadModels } from '../reads/read-models.js';
import { startOf, type StartInput } from '../runs/start-input.js';
import { WebhookDesk } from './webhook-desk.js';
import { WebhookStore } from './webhook-store.js';
import { webhookNotFound } from './webhook.decider.js';
import type { WebhookView } from './webhooks.projection.js';

/** A week. */
const LONGEST_OVERLAP_MINUTES = 10_080;

interface WebhookInput extends StartInput {
  readonly name?: string | null;
  readonly kind: 'GENERIC' | 'GITHUB';
  readonly mapping?: Json | null;
  readonly actions?: readonly string[] | null;
}

@Resolver('Webhook')
export class WebhooksResolver {
  constructor(
    @Inject(WebhookDesk) private readonly desk: WebhookDesk,
    @Inject(WebhookStore) private readonly store: WebhookStore,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Query('webhooks')
  @Requires('flows.manage')
  async webhooks(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() caller: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    return (await this.store.list(caller.workspaceId)).map(webhookNode);
  }

  @Mutation('createWebhook')
  @Requires('flows.manage')
  async createWebhook(@Args('input') input: WebhookInput, @CallerOf() caller: Caller) {
    const mapping = jsonObject(input.mapping, 'mapping');
    const { kind, name, actions } = input;
    const wish = { name: name ?? undefined, kind, start: startOf(input), mapping, actions: actions ?? undefined };
    const outcome = await this.desk.create(wish, caller);
    if (outcome.status === 'refused') return refusalNode('WebhookRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['webhooks']);
    const { webhookId, secret } = outcome;
    const known = await this.store.find(webhookId);
    return known && { __typename: 'CreatedWebhook' as const, webhook: webhookNode(known.view), secret };
  }

  @Mutation('rotateWebhookSecret')
  @Requires('flows.manage')
  async rotateWebhookSecret(
    @Args('id') id: string,
    @Args('overlapMinutes') overlapMinutes: number,
    @CallerOf() caller: Caller,
  ) {
    if (overlapMinutes < 0 || overlapMinutes > LONGEST_OVERLAP_MINUTES)
      return refusalNode('WebhookRefused', badOverlap());
    const outcome = await this.desk.rotateSecret(id, overlapMinutes, caller);
    if (outcome.status === 'refused') return refusalNode('WebhookRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['webhooks']);
    const known = await this.store.find(id);
    if (!known) return refusalNode('WebhookRefused', webhookNotFound());
    return { __typename: 'RotatedWebhookSecret' as const, webhook: webhookNode(known.view), secret: outcome.secret };
  }

  @Mutation('deleteWebhook')
  @Requires('flows.manage')
  async deleteWebhook(@Args('id') id: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.delete(id, caller);
    if (outcome.status === 'refused') return refusalNode('WebhookRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['webhooks']);
    return { __typename: 'DeletedWebhook' as const, id };
  }
}

function badOverlap() {
  const fix = 'Take 0 when the secret has leaked, and at most a week.';
  return reject('INVALID_OVERLAP', `The overlap is to be 0 to ${LONGEST_OVERLAP_MINUTES} minutes.`, { fix });
}

function webhookNode(view: WebhookView) {
  const { webhookId, name, kind, start, mapping, actions, createdBy, createdAt, rotated } = view;
  return {
    ...{ id: webhookId, name, kind, mapping, actions, createdAt },
    secretRotatedAt: rotated?.at ?? null,
    previousSecretUntil: rotated?.previousUntil ?? null,
    path: `/api/v1/hooks/${webhookId}`,
    flow: start.flow,
    flowVersion: start.version ?? null,
    parameters: start.parameters,
    createdBy: actorNode(createdBy),
  };
}
