import {
  EnvironmentHealthChanged,
  environmentEvents,
  type EnvironmentEvent,
  type EnvironmentHealth,
} from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

export interface ReportHealth {
  readonly type: 'ReportHealth';
  readonly data: ReturnType<typeof EnvironmentHealthChanged>['data'];
}

/** Healthy until somebody says otherwise. */
export interface Environment {
  readonly health: EnvironmentHealth;
  readonly reason: string | undefined;
}

/** An environment of one workspace, as those who watch over it report. */
export const environment: Decider<ReportHealth, Environment, EnvironmentEvent, Rejection<never>> = {
  category: 'environment',
  events: environmentEvents,
  initialState: () => ({ health: 'HEALTHY', reason: undefined }),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'EnvironmentHealthChanged':
        return { health: event.data.health, reason: event.data.reason };
    }
  },
  decide: ({ data }, state) => (data.health === state.health ? [] : [EnvironmentHealthChanged(data)]),
};
