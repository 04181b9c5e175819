import {
  ConnectIntegration,
  DescribeSandboxDrivers,
  DisconnectIntegration,
  PublishSandboxProfile,
} from '@runledger/contracts';
import type { OutputOf } from '@runledger/contracts';
import type { CommandRegistry } from '@runledger/platform';
import type { Integrations } from './integrations/integrations.js';
import type { PublishedProfiles } from './profile/published-profiles.js';

/** The commands that this service answers. */
export class SandboxAnswers {
  constructor(
    private readonly profiles: PublishedProfiles,
    private readonly integrations: Integrations,
  ) {}

  answer(commands: CommandRegistry, drivers: () => OutputOf<typeof DescribeSandboxDrivers>['drivers']): void {
    commands.answer(DescribeSandboxDrivers, () =>
      Promise.resolve({ status: 'accepted', output: { drivers: drivers() }, position: undefined }),
    );
    commands.answer(PublishSandboxProfile, (input, context) => this.profiles.publish(input, context));
    commands.answer(ConnectIntegration, (input, context) => this.integrations.connect(input, context));
    commands.answer(DisconnectIntegration, (input, context) => this.integrations.disconnect(input, context));
  }
}
