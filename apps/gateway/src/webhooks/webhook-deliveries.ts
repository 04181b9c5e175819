import { json, StartRun, type Json, type OutputOf, type RefusalOf } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, COMMAND_CLIENT, type Clock, type CommandClient, type CommandOutcome } from '@runledger/platform';
import { fitting } from '../reads/fitting.js';
import { ignoredBecause, startFor, type Message } from './webhook-message.js';
import { WebhookRate } from './webhook-rate.js';
import { mintWebhookSecret } from './webhook-secret.js';
import { checkGithub, checkStandard, type Verdict } from './webhook-signature.js';
import { WebhookStore, type KnownWebhook } from './webhook-store.js';

/** What came to the address of a webhook. */
export interface Delivery {
  readonly webhookId: string;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

type StartOutcome = CommandOutcome<OutputOf<typeof StartRun>, RefusalOf<typeof StartRun>>;

export type DeliveryOutcome =
  | { readonly kind: 'start'; readonly outcome: StartOutcome }
  | { readonly kind: 'ignored'; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly status: 400 | 401 | 429;
      readonly code: string;
      readonly message: string;
      readonly fix: string;
      /** After how many whole seconds the same message may be taken. */
      readonly retryAfter?: number;
    };

const BAD_SIGNATURE = {
  kind: 'refused',
  status: 401,
  code: 'BAD_SIGNATURE',
  message: 'There is no such webhook, or the message was not signed with its secret.',
  fix: 'Sign the body as it is sent, byte for byte, with the secret that was shown when the webhook was made.',
} as const;
const STALE = {
  kind: 'refused',
  status: 401,
  code: 'STALE_TIMESTAMP',
  message: 'The message was signed more than five minutes ago, or in the future.',
  fix: 'Send it when it is signed, and look at the clock of the sender.',
} as const;
const NO_ID = {
  kind: 'refused',
  status: 400,
  code: 'MISSING_DELIVERY_ID',
  message: 'The message has no id of its own of at most 100 characters.',
  fix: 'Send the header Webhook-Id (GitHub sends X-GitHub-Delivery by itself), the same when it is sent again.',
} as const;
const NOT_JSON = {
  kind: 'refused',
  status: 400,
  code: 'NOT_JSON',
  message: 'The body is not JSON.',
  fix: 'Choose the content type application/json for the webhook.',
} as const;

const TOO_FAST = {
  kind: 'refused',
  status: 429,
  code: 'TOO_MANY_MESSAGES',
  message: 'More messages came to this webhook than it takes in a minute.',
  fix: 'Send the message again after as many seconds as Retry-After says.',
} as const;

/** Compared with when there is no such webhook, so that unknown ids take as long as wrong signatures. */
const NO_SECRET = mintWebhookSecret();

/** Takes what comes to webhooks: known by its signature, counted by its id (R1). */
@Injectable()
export class WebhookDeliveries {
  constructor(
    @Inject(WebhookStore) private readonly store: WebhookStore,
    @Inject(WebhookRate) private readonly rate: WebhookRate,
    @Inject(COMMAND_CLIENT) private readonly commands: CommandClient,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async take(delivery: Delivery): Promise<DeliveryOutcome> {
    const known = await this.store.find(delivery.webhookId);
    const verdict = this.#verdict(delivery, known);
    if (!known || verdict === 'bad') return BAD_SIGNATURE;
    if (verdict === 'stale') return STALE;
    // Only what is signed counts: strangers cannot use up what the sender may send.
    const waitMs = await this.rate.take(delivery.webhookId);
    if (waitMs > 0) return { ...TOO_FAST, retryAfter: Math.ceil(waitMs / 1_000) };
    const deliveryId = idOf(delivery, known);
    if (deliveryId === undefined) return NO_ID;
    const payload = readJson(delivery.body);
    if (payload === undefined) return NOT_JSON;
    return this.#start(known, delivery, { deliveryId, payload });
  }

  /** Good with any of its secrets is good. */
  #verdict(delivery: Delivery, known: KnownWebhook | undefined): Verdict {
    const verdicts = (known?.secrets ?? [NO_SECRET]).map(secret => this.#verdictWith(secret, delivery, known));
    return (['good', 'stale'] as const).find(verdict => verdicts.includes(verdict)) ?? 'bad';
  }

  #verdictWith(secret: string, { header, body }: Delivery, known: KnownWebhook | undefined): Verdict {
    if (known?.view.kind === 'GITHUB') return checkGithub(secret, body, header('x-hub-signature-256') ?? '');
    const [id = '', timestamp = '', signature = ''] = ['id', 'timestamp', 'signature'].map(part =>
      header(`webhook-${part}`),
    );
    return checkStandard(secret, { id, timestamp, signature, body }, Date.parse(this.clock.now()));
  }

  async #start({ view }: KnownWebhook, delivery: Delivery, message: Message): Promise<DeliveryOutcome> {
    const isGithub = view.kind === 'GITHUB';
    const reason = isGithub ? ignoredBecause(view, delivery.header('x-github-event'), message.payload) : undefined;
    if (reason !== undefined) return { kind: 'ignored', reason };
    const deliveryId = isGithub
      ? await this.store.firstDelivery(view.webhookId, delivery.body, message.deliveryId)
      : message.deliveryId;
    const input = fitting(StartRun.input, startFor(view, { ...message, deliveryId }));
    const commandId = newUuid();
    const { kind, id, name } = view.createdBy;
    const outcome = await this.commands.send(StartRun, input, {
      commandId,
      workspaceId: view.workspaceId,
      actor: { kind, id, ...(name === undefined ? {} : { name }), via: 'webhook' },
      occurredAt: this.clock.now(),
      correlationId: commandId,
    });
    return { kind: 'start', outcome };
  }
}

function idOf({ header }: Delivery, { view }: KnownWebhook): string | undefined {
  const id = header(view.kind === 'GITHUB' ? 'x-github-delivery' : 'webhook-id');
  return id !== undefined && id.length >= 1 && id.length <= 100 ? id : undefined;
}

function readJson(body: Buffer): Json | undefined {
  try {
    return json.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}
