import { NeedMet, needsEvents, NeedNoted } from '@runledger/contracts';
import type { NeedsEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

/** A step that is blocked for want of an integration, which is named by its name or its kind. */
export interface Need {
  readonly runId: string;
  readonly step: string;
  readonly name: string;
}

export type NeedsCommand =
  | { readonly type: 'NoteNeed'; readonly data: Need & { readonly at: string } }
  /** Something was connected: everything that wanted it has it. */
  | { readonly type: 'MeetNeeds'; readonly data: { readonly names: readonly string[]; readonly at: string } };

export interface Needs {
  readonly open: readonly Need[];
}

/** What the blocked steps of one workspace wait for. */
export const needs: Decider<NeedsCommand, Needs, NeedsEvent, Rejection<never>> = {
  category: 'needs',
  events: needsEvents,
  initialState: () => ({ open: [] }),
  evolve: ({ open }, event) => {
    const { runId, step, name } = event.data;
    const others = open.filter(need => need.runId !== runId || need.step !== step);
    switch (event.type) {
      case 'NeedNoted':
        return { open: [...others, { runId, step, name }] };
      case 'NeedMet':
        return { open: others };
    }
  },
  decide: (command, { open }) => {
    switch (command.type) {
      case 'NoteNeed': {
        const { runId, step, name, at } = command.data;
        return [NeedNoted({ runId, step, name, notedAt: at })];
      }
      case 'MeetNeeds': {
        const { names, at } = command.data;
        return open.filter(({ name }) => names.includes(name)).map(need => NeedMet({ ...need, metAt: at }));
      }
    }
  },
};
