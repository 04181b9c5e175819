import { SandboxProfilePublished, type ProfileEvent } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

/** A profile's latest version, as it was published. */
export type ProfileView = EventOf<readonly [typeof SandboxProfilePublished]>['data'];

/** Which sandbox profiles new runs may choose. Run whole: each publication is a correlation of its own. */
export const profilesProjection = defineView<ProfileView, ProfileEvent>({
  name: 'profiles',
  version: 1,
  table: 'profiles',
  types: [SandboxProfilePublished.type],
  key: event => keyIn(event.tenant, event.data.profileId),
  evolve: (_view, event) => event.data,
  columns: (view, key) => ({ workspace_id: key.slice(0, key.indexOf('/')), slug: view.slug }),
});
