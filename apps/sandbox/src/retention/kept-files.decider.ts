import { ArtifactExpired, keptFilesEvents, WorkspaceSnapshotsExpired } from '@runledger/contracts';
import type { KeptFilesEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

type Expired = ReturnType<typeof ArtifactExpired>['data'];

/** Files of an ended run whose time is over. Saying it again changes nothing. */
export type KeptFilesCommand =
  | { readonly type: 'ExpireArtifacts'; readonly artifacts: readonly Expired[] }
  | { readonly type: 'ExpireSnapshots'; readonly data: ReturnType<typeof WorkspaceSnapshotsExpired>['data'] };

export interface KeptFilesState {
  readonly artifacts: ReadonlySet<string>;
  readonly snapshots: boolean;
}

/** What became of the files that a run kept. */
export const keptFiles: Decider<KeptFilesCommand, KeptFilesState, KeptFilesEvent, Rejection<never>> = {
  category: 'files',
  events: keptFilesEvents,
  initialState: () => ({ artifacts: new Set(), snapshots: false }),
  evolve: (state, event) => {
    switch (event.type) {
      case 'ArtifactExpired':
        return { ...state, artifacts: new Set([...state.artifacts, event.data.artifactId]) };
      case 'WorkspaceSnapshotsExpired':
        return { ...state, snapshots: true };
    }
  },
  decide: (command, state) => {
    switch (command.type) {
      case 'ExpireArtifacts':
        return command.artifacts
          .filter(file => !state.artifacts.has(file.artifactId))
          .map(file => ArtifactExpired(file));
      case 'ExpireSnapshots':
        return state.snapshots ? [] : [WorkspaceSnapshotsExpired(command.data)];
    }
  },
};
