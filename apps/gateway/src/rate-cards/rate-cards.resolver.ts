import { PublishRateCard, rateCard } from '@runledger/contracts';
import { CLOCK, type Clock } from '@runledger/platform';
import { Inject } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { fitting } from '../reads/fitting.js';

@Resolver()
export class RateCardsResolver {
  constructor(
    @Inject(CommandDesk) private readonly desk: CommandDesk,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Mutation('setRateCard')
  @Requires('billing.manage')
  async setRateCard(
    @Args('input') input: { readonly card: unknown; readonly effectiveFrom?: string | null },
    @CallerOf() caller: Caller,
  ) {
    const card = fitting(rateCard, input.card);
    const effectiveFrom = input.effectiveFrom ?? this.clock.now();
    const outcome = await this.desk.send(PublishRateCard, { card, effectiveFrom }, caller);
    if (outcome.status === 'refused') return refusalNode('RateCardRefused', outcome.refusal);
    return { __typename: 'RateCardVersion' as const, ...outcome.output };
  }
}
