import { jsonPointer, type InputOf, type StartRun, type WebhookKind } from '@runledger/contracts';
import { CommandHandler, type CommandContext } from '@runledger/event-store';
import { reject, streamOf, type Problem, type Rejection } from '@runledger/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import { FlowReader } from '../flows/flow-reader.js';
import { CommandDesk } from '../reads/command-desk.js';
import { mintWebhookId, mintWebhookSecret } from './webhook-secret.js';
import { WebhookStore } from './webhook-store.js';
import { webhook, type WebhookCommand } from './webhook.decider.js';

export interface WebhookWish {
  readonly name: string | undefined;
  readonly kind: WebhookKind;
  readonly start: Pick<InputOf<typeof StartRun>, 'flow' | 'version' | 'parameters' | 'choices'>;
  readonly mapping: Readonly<Record<string, unknown>>;
  readonly actions: readonly string[] | undefined;
}

type WishRefusal = Rejection<'FLOW_NOT_FOUND' | 'INVALID_MAPPING'>;

const MINUTE_MS = 60_000;
/** What happens to a pull request that its code changes with. */
const PULL_REQUEST_ACTIONS = ['opened', 'reopened', 'synchronize'];

/** Where webhooks are made and taken away: the commands of the gateway's own streams. */
@Injectable()
export class WebhookDesk {
  constructor(
    @Inject(CommandHandler) private readonly handler: CommandHandler,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(FlowReader) private readonly flows: FlowReader,
    @Inject(WebhookStore) private readonly store: WebhookStore,
  ) {}

  /** The secret is shown here and never again. It is kept before the webhook is made, so that no webhook is without one. */
  async create(wish: WebhookWish, caller: Caller) {
    const flow = await this.#flowOf(wish, caller);
    const mapping = mappingOf(wish.mapping);
    if ('rejected' in flow) return { status: 'refused' as const, refusal: flow };
    if ('rejected' in mapping) return { status: 'refused' as const, refusal: mapping };
    const context = this.desk.contextOf(caller);
    const [webhookId, secret] = [mintWebhookId(), mintWebhookSecret()];
    await this.store.keepSecret(webhookId, secret);
    const data = {
      ...{ webhookId, kind: wish.kind, mapping: mapping.pointers },
      name: wish.name ?? `${flow.slug} by ${wish.kind === 'GITHUB' ? 'pull request' : 'webhook'}`,
      start: { ...wish.start, flow: flow.slug },
      actions: [...(wish.actions ?? (wish.kind === 'GITHUB' ? PULL_REQUEST_ACTIONS : []))],
      ...{ createdBy: context.actor, createdAt: context.occurredAt },
    };
    const command = { type: 'CreateWebhook' as const, data };
    const outcome = await this.handler.handle(webhook, streamOf('webhook', webhookId), command, context);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted' as const, webhookId, secret, position: outcome.position };
  }

  /**
   * The new secret is shown here and never again. It is said first and kept then: who gets no answer because the process ended
   * in between goes on with the secret that there was, and asks again.
   */
  async rotateSecret(webhookId: string, overlapMinutes: number, caller: Caller) {
    const context = this.desk.contextOf(caller);
    const previousUntil = new Date(Date.parse(context.occurredAt) + overlapMinutes * MINUTE_MS).toISOString();
    const data = { webhookId, previousUntil, by: context.actor, rotatedAt: context.occurredAt };
    const outcome = await this.#handle(webhookId, { type: 'RotateWebhookSecret', data }, context);
    if (outcome.status === 'refused') return outcome;
    const secret = mintWebhookSecret();
    await this.store.rotateSecret(webhookId, secret, previousUntil);
    return { status: 'accepted' as const, secret, position: outcome.position };
  }

  async delete(webhookId: string, caller: Caller) {
    const context = this.desk.contextOf(caller);
    const data = { webhookId, by: context.actor, deletedAt: context.occurredAt };
    const outcome = await this.#handle(webhookId, { type: 'DeleteWebhook', data }, context);
    if (outcome.status === 'accepted') await this.store.forget(webhookId);
    return outcome;
  }

  #handle(webhookId: string, command: WebhookCommand, context: CommandContext) {
    const key = /^hook_[0-9a-f]{20}$/.test(webhookId) ? webhookId : 'hook_none';
    return this.handler.handle(webhook, streamOf('webhook', key), command, context);
  }

  async #flowOf({ start }: WebhookWish, { workspaceId }: Caller) {
    const by = start.flow.startsWith('flow_') ? { flowId: start.flow } : { slug: start.flow };
    const flow = await this.flows.find(workspaceId, by);
    if (flow) return flow;
    const fix = 'Check the slug, or publish the flow first.';
    return reject('FLOW_NOT_FOUND', `There is no flow ${start.flow} in this workspace.`, { fix });
  }
}

function mappingOf(given: WebhookWish['mapping']): { readonly pointers: Record<string, string> } | WishRefusal {
  const pointers: Record<string, string> = {};
  const details: Problem[] = [];
  for (const [name, pointer] of Object.entries(given)) {
    const read = jsonPointer.safeParse(pointer);
    if (read.success) pointers[name] = read.data;
    else details.push({ path: `mapping.${name}`, message: `${JSON.stringify(pointer)} is no JSON pointer.` });
  }
  if (details.length === 0) return { pointers };
  const fix = 'Write where the value stands, as /pull_request/head/sha.';
  return reject('INVALID_MAPPING', details[0]?.message ?? 'A JSON pointer cannot be read.', { fix, details });
}
