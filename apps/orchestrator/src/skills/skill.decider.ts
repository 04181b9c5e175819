import { skillEvents, SkillVersionPublished, type SkillEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

export interface PublishSkillVersion {
  readonly type: 'PublishSkillVersion';
  readonly data: Omit<ReturnType<typeof SkillVersionPublished>['data'], 'version'>;
}

/** The newest version of a skill. Versions are immutable: publishing something else makes another one. */
export type Skill =
  { readonly status: 'absent' } | { readonly status: 'published'; readonly version: number; readonly hash: string };

export const skill: Decider<PublishSkillVersion, Skill, SkillEvent, Rejection<never>> = {
  category: 'skill',
  events: skillEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'SkillVersionPublished':
        return { status: 'published', version: event.data.version, hash: event.data.hash };
    }
  },
  decide: ({ data }, state) => {
    if (state.status === 'published' && state.hash === data.hash) return [];
    const version = state.status === 'absent' ? 1 : state.version + 1;
    return [SkillVersionPublished({ ...data, version })];
  },
};
