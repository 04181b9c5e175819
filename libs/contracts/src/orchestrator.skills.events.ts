import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { skillDefinition } from './skill-definition.js';
import { actorSchema, slug, timestamp } from './values.js';

/** Someone published a skill; flows that are published from now on work with this version. Stream `skill-<slug>`. */
export const SkillVersionPublished = defineEvent({
  type: 'SkillVersionPublished',
  version: 1,
  schema: z.strictObject({
    skillId: z.string(),
    slug,
    version: z.int().positive(),
    /** SHA-256 of the canonical JSON of `definition`, hex. */
    hash: z.string(),
    definition: skillDefinition,
    publishedBy: actorSchema,
    publishedAt: timestamp,
  }),
});

export const skillEvents = [SkillVersionPublished] as const;
export type SkillEvent = EventOf<typeof skillEvents>;
