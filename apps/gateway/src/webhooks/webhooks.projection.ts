import { webhookEvents, type WebhookCreated, type WebhookEvent } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';

export type WebhookView = EventOf<readonly [typeof WebhookCreated]>['data'] & {
  readonly workspaceId: string;
  /** When its newest secret was made, if another was made after the first, and until when the one before that is good. */
  readonly rotated?: { readonly at: string; readonly previousUntil: string };
};

/** Which addresses start runs. Run whole: each change is a correlation of its own. */
export const webhooksProjection = defineView<WebhookView, WebhookEvent>({
  name: 'webhooks',
  version: 1,
  table: 'webhooks',
  types: webhookEvents.map(event => event.type),
  key: event => event.data.webhookId,
  evolve: (view, event) => {
    // The workspace is where the event was stored: an id alone never leads into another one (G2).
    if (view && view.workspaceId !== event.tenant) return view;
    switch (event.type) {
      case 'WebhookCreated':
        return { ...event.data, workspaceId: event.tenant };
      case 'WebhookSecretRotated':
        return view && { ...view, rotated: { at: event.data.rotatedAt, previousUntil: event.data.previousUntil } };
      case 'WebhookDeleted':
        return undefined;
    }
  },
  columns: view => ({ workspace_id: view.workspaceId, created_at: view.createdAt }),
});
