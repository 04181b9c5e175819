import {
  afterIntegrationEvent,
  IntegrationConnected,
  IntegrationDisconnected,
  integrationEvents,
  IntegrationFailed,
  IntegrationRecovered,
} from '@runledger/contracts';
import type { IntegrationBook, IntegrationEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, Problem, Rejection } from '@runledger/kernel';

type DataOf<Type extends IntegrationEvent['type']> = Extract<IntegrationEvent, { type: Type }>['data'];

export type IntegrationCommand =
  | {
      readonly type: 'Connect';
      readonly data: DataOf<'IntegrationConnected'>;
      /** Worked out beforehand, as the decider must not see secrets. */
      readonly problems: readonly Problem[];
    }
  | { readonly type: 'Disconnect'; readonly data: DataOf<'IntegrationDisconnected'> }
  | { readonly type: 'ReportFailure'; readonly data: DataOf<'IntegrationFailed'>; readonly connectedAt: string }
  | { readonly type: 'ReportSuccess'; readonly data: DataOf<'IntegrationRecovered'> };

export type IntegrationRefusal = Rejection<'INVALID_INTEGRATION' | 'INTEGRATION_NOT_FOUND'>;

/** Everything that is connected to one workspace. Knows names, kinds and settings; never a secret. */
export const integrations: Decider<IntegrationCommand, IntegrationBook, IntegrationEvent, IntegrationRefusal> = {
  category: 'integration',
  events: integrationEvents,
  initialState: () => new Map(),
  evolve: afterIntegrationEvent,
  decide: (command, book) => {
    const known = book.get(command.data.name);
    switch (command.type) {
      case 'Connect':
        return command.problems.length > 0 ? invalid(command.problems) : [IntegrationConnected(command.data)];
      case 'Disconnect':
        return known ? [IntegrationDisconnected(command.data)] : notFound(command.data.name);
      case 'ReportFailure':
        // Whoever used it may not know yet that it was connected anew.
        if (!known || known.connectedAt !== command.connectedAt || known.failure?.code === command.data.code) return [];
        return [IntegrationFailed(command.data)];
      case 'ReportSuccess':
        return known?.failure ? [IntegrationRecovered(command.data)] : [];
    }
  },
};

function invalid(problems: readonly Problem[]): IntegrationRefusal {
  const [first] = problems;
  const message = problems.length === 1 && first ? first.message : `The integration has ${problems.length} problems.`;
  return reject('INVALID_INTEGRATION', message, { fix: first?.fix ?? 'Put the fields right.', details: problems });
}

function notFound(name: string): IntegrationRefusal {
  return reject('INTEGRATION_NOT_FOUND', `There is no integration ${name} in this workspace.`, {
    fix: 'Look at the list of integrations.',
  });
}
