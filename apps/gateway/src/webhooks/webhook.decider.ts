import {
  WebhookCreated,
  WebhookDeleted,
  webhookEvents,
  WebhookSecretRotated,
  type WebhookEvent,
} from '@runledger/contracts';
import { reject, type Decider, type EventOf, type Rejection } from '@runledger/kernel';

export type WebhookCommand =
  | { readonly type: 'CreateWebhook'; readonly data: EventOf<readonly [typeof WebhookCreated]>['data'] }
  | {
      readonly type: 'RotateWebhookSecret';
      readonly data: EventOf<readonly [typeof WebhookSecretRotated]>['data'];
    }
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
  evolve: (state, event) => {
    switch (event.type) {
      case 'WebhookCreated':
        return { status: 'open' };
      case 'WebhookSecretRotated':
        return state;
      case 'WebhookDeleted':
        return { status: 'deleted' };
    }
  },
  decide: (command, { status }) => {
    switch (command.type) {
      case 'CreateWebhook':
        return status === 'absent' ? [WebhookCreated(command.data)] : [];
      case 'RotateWebhookSecret':
        return status === 'open' ? [WebhookSecretRotated(command.data)] : webhookNotFound();
      case 'DeleteWebhook':
        return status === 'open' ? [WebhookDeleted(command.data)] : webhookNotFound();
    }
  },
};

export function webhookNotFound(): WebhookRefusal {
  return reject('WEBHOOK_NOT_FOUND', 'There is no such webhook.', { fix: 'Look at the list of webhooks.' });
}
