import { WebhookCreated, WebhookDeleted, webhookEvents, type WebhookEvent } from '@runledger/contracts';
import { reject, type Decider, type EventOf, type Rejection } from '@runledger/kernel';

export type WebhookCommand =
  | { readonly type: 'CreateWebhook'; readonly data: EventOf<readonly [typeof WebhookCreated]>['data'] }
  | { readonly type: 'DeleteWebhook'; readonly data: EventOf<readonly [typeof WebhookDeleted]>['data'] };

export interface WebhookState {
  readonly status: 'absent' | 'open' | 'deleted';
}

export type WebhookRefusal = Rejection<'WEBHOOK_NOT_FOUND'>;

/** An address that starts runs: made once, taken away once. Knows nothing of its secret. */
export const webhook: Decider<WebhookCommand, WebhookState, WebhookEvent, WebhookRefusal> = {
  category: 'webhook',
  events: webhookEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'WebhookCreated':
        return { status: 'open' };
      case 'WebhookDeleted':
        return { status: 'deleted' };
    }
  },
  decide: (command, { status }) => {
    switch (command.type) {
      case 'CreateWebhook':
        return status === 'absent' ? [WebhookCreated(command.data)] : [];
      case 'DeleteWebhook':
        if (status === 'open') return [WebhookDeleted(command.data)];
        return reject('WEBHOOK_NOT_FOUND', 'There is no such webhook.', { fix: 'Look at the list of webhooks.' });
    }
  },
};
