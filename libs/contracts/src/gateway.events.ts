import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, plan, slug, timestamp } from './values.js';

export const scope = z.enum([
  'flows.read',
  'flows.run',
  'flows.cancel.any',
  'flows.manage',
  'flows.force',
  'billing.read',
  'billing.manage',
  'audit.read',
  'workspace.admin',
]);
export type Scope = z.infer<typeof scope>;
export const ALL_SCOPES: readonly Scope[] = scope.options;

/** A tenant was set up. Stream `workspace-<key>`. */
export const WorkspaceCreated = defineEvent({
  type: 'WorkspaceCreated',
  version: 1,
  schema: z.strictObject({
    workspaceId: z.string(),
    slug,
    name: z.string(),
    plan,
    createdBy: actorSchema,
    createdAt: timestamp,
  }),
});

/** A person or a service account joined a workspace. Stream `member-<key>`. */
export const MemberAdded = defineEvent({
  type: 'MemberAdded',
  version: 1,
  personal: [
    { field: 'name', of: 'memberId' },
    { field: 'email', of: 'memberId' },
  ],
  schema: z.strictObject({
    memberId: z.string(),
    workspaceId: z.string(),
    name: z.string(),
    kind: z.enum(['person', 'service']),
    /** Where they can be reached; gates may name approvers by it. */
    email: z.email().max(320).optional(),
    scopes: z.array(scope),
    addedBy: actorSchema,
    addedAt: timestamp,
  }),
});

/** What is personal about a member was erased: their key is destroyed, and everything that was made with it is made anew. Stream `member-<key>`. */
export const MemberErased = defineEvent({
  type: 'MemberErased',
  version: 1,
  schema: z.strictObject({
    memberId: z.string(),
    workspaceId: z.string(),
    /** Who asked for it, without a name: this stays. */
    erasedBy: z.string(),
    erasedAt: timestamp,
  }),
});

/** An API token was made for a member. The secret itself is nowhere but with its owner. Stream `token-<key>`. */
export const TokenIssued = defineEvent({
  type: 'TokenIssued',
  version: 1,
  schema: z.strictObject({
    tokenId: z.string(),
    workspaceId: z.string(),
    memberId: z.string(),
    name: z.string(),
    /** At most the member's own. */
    scopes: z.array(scope),
    /** HMAC-SHA-256 of the secret under the installation's pepper, hex. */
    secretHash: z.string(),
    expiresAt: timestamp.optional(),
    issuedBy: actorSchema,
    issuedAt: timestamp,
  }),
});

/** A token is worth nothing any more. */
export const TokenRevoked = defineEvent({
  type: 'TokenRevoked',
  version: 1,
  schema: z.strictObject({
    tokenId: z.string(),
    workspaceId: z.string(),
    revokedBy: actorSchema,
    revokedAt: timestamp,
  }),
});

export const workspaceEvents = [WorkspaceCreated] as const;
export type WorkspaceEvent = EventOf<typeof workspaceEvents>;
export const memberEvents = [MemberAdded, MemberErased] as const;
export type MemberEvent = EventOf<typeof memberEvents>;
export const tokenEvents = [TokenIssued, TokenRevoked] as const;
export type TokenEvent = EventOf<typeof tokenEvents>;
