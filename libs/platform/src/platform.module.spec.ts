import { Inject, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CommandHandler } from '@runledger/event-store';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { EventCatalogue } from '@runledger/kernel';
import { ReactorHost } from '@runledger/messaging';
import type { BlobStore } from './blobs/index.js';
import { BLOB_STORE, CHECKPOINTS, CLOCK, COMMAND_CLIENT, EVENT_STORE } from './commands/command-client.js';
import type { CommandClient } from './commands/command-client.js';
import { InProcessCommands } from './commands/in-process-commands.js';
import { Readiness } from './health/readiness.js';
import { PlatformModule } from './platform.module.js';

class Consumer {
  constructor(
    @Inject(EVENT_STORE) readonly store: EventStore,
    @Inject(COMMAND_CLIENT) readonly client: CommandClient,
    readonly handler: CommandHandler,
    readonly reactors: ReactorHost,
  ) {}
}

@Module({ providers: [Consumer] })
class ServiceModule {}

describe('the platform module', () => {
  it('gives every module its parts, one of each', async () => {
    const store = { head: () => Promise.reject(new Error('log unreachable')) } as unknown as EventStore;
    const parts = { store, checkpoints: {} as SharedCheckpoints, blobs: {} as BlobStore };
    const clock = { now: () => '2026-01-01T00:00:00.000Z' };
    const platform = PlatformModule.register({ ...parts, clock, catalogue: new EventCatalogue([]) });
    const module = await Test.createTestingModule({ imports: [platform, ServiceModule] }).compile();
    const consumer = module.get(Consumer);
    const given = [CHECKPOINTS, BLOB_STORE, CLOCK].map(token => module.get<unknown>(token, { strict: false }));
    expect(given).toEqual([parts.checkpoints, parts.blobs, clock]);
    await expect(consumer.store.head()).rejects.toThrow('log unreachable');
    expect(consumer.store).toBe(module.get(EVENT_STORE, { strict: false }));
    expect(consumer.client).toBeInstanceOf(InProcessCommands);
    expect(consumer.handler).toBeInstanceOf(CommandHandler);
    expect(consumer.reactors).toBeInstanceOf(ReactorHost);
    expect(await module.get(Readiness, { strict: false }).report()).toEqual({
      status: 'not-ready',
      checks: { reactors: { ok: true }, 'event-store': { ok: false, message: 'log unreachable' } },
    });
    await module.close();
  });
});
