import type { BeforeApplicationShutdown, FactoryProvider, OnApplicationBootstrap } from '@nestjs/common';
import { catalogue } from '@runledger/contracts';
import { CommandHandler, newUuid } from '@runledger/event-store';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { reject, streamOf } from '@runledger/kernel';
import { ReactorHost } from '@runledger/messaging';
import type { RunningConsumer } from '@runledger/messaging';
import { CHECKPOINTS, CLOCK, EVENT_STORE, SubjectKeys, type Clock } from '@runledger/platform';
import type { RebuildParts } from '@runledger/projections';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import type { GatewayOptions } from '../gateway.config.js';
import { PROJECTIONS } from '../reads/projection-list.js';
import { READ_MODEL_SOURCE, readModelDatabase } from '../reads/read-model-source.js';
import { fitting } from '../reads/fitting.js';
import { actorOf, type Caller } from './caller.js';
import { ErasureReactor } from './erasure.reactor.js';
import { member } from './member.decider.js';

const memberIds = z.object({ id: z.string().max(100) });

export interface ErasureDeskParts {
  readonly handler: CommandHandler;
  readonly clock: Clock;
  readonly reactors: ReactorHost;
  readonly readModels: RebuildParts;
  /** Null: nothing is sealed here. */
  readonly keys: SubjectKeys | null;
}

/** Erases members: what is written is that it was asked for and by whom, and the reactor makes it true. */
export class Erasure implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #running: { readonly consumer: RunningConsumer; readonly reactor: ErasureReactor } | undefined;

  constructor(private readonly parts: ErasureDeskParts) {}

  async onApplicationBootstrap(): Promise<void> {
    const { keys, readModels, reactors } = this.parts;
    if (!keys) return;
    const reactor = new ErasureReactor({ keys, readModels, projections: PROJECTIONS });
    this.#running = { reactor, consumer: await reactors.start(reactor) };
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#running?.reactor.stop();
    await this.#running?.consumer.stop();
  }

  /** Whoever asks says the id twice: there is no way back. A repeat is answered with the erasure that there was. */
  async erase(caller: Caller, { id: memberId, confirm }: { readonly id: string; readonly confirm: string }) {
    if (confirm !== memberId)
      return refused('NOT_CONFIRMED', 'What was confirmed is another id.', 'Repeat the id as it is.');
    fitting(memberIds, { id: memberId });
    const { keys, handler, clock } = this.parts;
    if (!keys)
      return refused(
        'NOTHING_SEALED',
        'Nothing personal is sealed here, so nothing can be erased.',
        'Ask whoever runs the platform.',
      );
    const { workspaceId } = caller;
    const erasedAt = clock.now();
    const commandId = newUuid();
    const context = { commandId, workspaceId, actor: actorOf(caller), occurredAt: erasedAt, correlationId: commandId };
    const data = { memberId, workspaceId, erasedBy: caller.memberId, erasedAt };
    const outcome = await handler.handle(member, streamOf('member', memberId), { type: 'EraseMember', data }, context);
    if (outcome.status === 'refused') return outcome;
    // The answer is out when nobody can read it any more; the reactor does the same again, and purges.
    await keys.destroy({ workspaceId, subject: memberId });
    const { state } = outcome;
    const by = state.status === 'erased' ? { erasedBy: state.by, erasedAt: state.at } : data;
    return { status: 'accepted' as const, erasure: { memberId, erasedBy: by.erasedBy, erasedAt: by.erasedAt } };
  }
}

export function erasure({ databaseUrl }: GatewayOptions): FactoryProvider<Erasure> {
  const database = readModelDatabase(databaseUrl);
  return {
    provide: Erasure,
    inject: [CommandHandler, CLOCK, ReactorHost, SubjectKeys, READ_MODEL_SOURCE, EVENT_STORE, CHECKPOINTS],
    useFactory: (...[handler, clock, reactors, keys, dataSource, store, checkpoints]: Given) =>
      new Erasure({
        handler,
        clock,
        reactors,
        keys,
        readModels: { database, dataSource, store, checkpoints, catalogue },
      }),
  };
}

type Given = [CommandHandler, Clock, ReactorHost, SubjectKeys | null, DataSource, EventStore, SharedCheckpoints];

function refused(code: 'NOT_CONFIRMED' | 'NOTHING_SEALED', message: string, fix: string) {
  return { status: 'refused' as const, refusal: reject(code, message, { fix }) };
}
