import { SkillVersionPublished, type SkillEvent } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

/** A skill's latest version, as it was published. */
export type SkillView = EventOf<readonly [typeof SkillVersionPublished]>['data'];

/** Which skills flows can work with. Run whole: each publication is a correlation of its own. */
export const skillsProjection = defineView<SkillView, SkillEvent>({
  name: 'skills',
  version: 1,
  table: 'skills',
  types: [SkillVersionPublished.type],
  key: event => keyIn(event.tenant, event.data.skillId),
  evolve: (_view, event) => event.data,
  columns: (view, key) => ({ workspace_id: key.slice(0, key.indexOf('/')), slug: view.slug }),
});
