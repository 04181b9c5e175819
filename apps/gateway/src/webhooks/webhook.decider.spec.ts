import { WebhookCreated, WebhookDeleted, WebhookSecretRotated } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { webhook } from './webhook.decider.js';

const given = specify(webhook);
const by = { kind: 'member' as const, id: 'mem_ada' };
const at = '2026-01-01T00:00:00.000Z';
const made = {
  ...{ webhookId: 'hook_1', name: 'CI', kind: 'GENERIC' as const, mapping: { commit: '/sha' }, actions: [] },
  ...{ start: { flow: 'release', parameters: {}, choices: {} }, createdBy: by, createdAt: at },
};
const created = WebhookCreated(made);
const deleted = WebhookDeleted({ webhookId: 'hook_1', by, deletedAt: at });
const rotated = WebhookSecretRotated({ webhookId: 'hook_1', previousUntil: at, by, rotatedAt: at });
const create = { type: 'CreateWebhook' as const, data: made };
const rotate = { type: 'RotateWebhookSecret' as const, data: rotated.data };
const remove = { type: 'DeleteWebhook' as const, data: deleted.data };

describe('a webhook', () => {
  it('is made once and taken away once', () => {
    given().when(create).thenEmits(created);
    given(created).when(create).thenNothing();
    given(created).when(remove).thenEmits(deleted);
    given(created, deleted).when(remove).thenRejects('WEBHOOK_NOT_FOUND');
    given(created, deleted).when(create).thenNothing();
  });

  it('gets a new secret as often as one is asked for, and none when it is gone', () => {
    given(created).when(rotate).thenEmits(rotated);
    given(created, rotated).when(rotate).thenEmits(rotated);
    given(created, rotated).when(remove).thenEmits(deleted);
    given(created, deleted).when(rotate).thenRejects('WEBHOOK_NOT_FOUND');
    given().when(rotate).thenRejects('WEBHOOK_NOT_FOUND');
  });

  it('cannot be taken away before it is there', () => {
    given().when(remove).thenRejects('WEBHOOK_NOT_FOUND');
  });
});
