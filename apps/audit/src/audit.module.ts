import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ExportAudit, FetchVerifier, ProveEvent, SignCheckpoint } from '@runledger/contracts';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import { CHECKPOINTS, CLOCK, CommandRegistry, Consumers, Readiness, STORED_LOG } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import type { Pool } from 'pg';
import type { AuditConfig } from './audit.config.js';
import { openAudit } from './open-audit.js';
import type { OpenedAudit } from './open-audit.js';

export { openAudit } from './open-audit.js';
export type { AuditParts, OpenedAudit } from './open-audit.js';

export interface AuditOptions {
  /** Where the tree is kept. */
  readonly database: Pool;
  readonly config: AuditConfig;
  /** The 32 secret bytes of the Ed25519 key that signs checkpoints. */
  readonly signingSeed: Uint8Array;
  /** Those of the key before, when it was changed: it hands over. */
  readonly previousSeed?: Uint8Array | undefined;
  /**
   * Authenticates export cursors, at least 32 bytes. Replicas of one service need the same key; without one it is made up
   * at start, and an export under way then has to begin again after a restart.
   */
  readonly cursorKey?: Uint8Array;
  readonly log?: ConsumerLog;
}

const OPENED_AUDIT = Symbol('OpenedAudit');

/** The audit service: seals the log into a tree, signs it, and hands out what others can check without us. */
@Module({})
export class AuditModule implements OnApplicationBootstrap, OnApplicationShutdown {
  #leave: (() => void) | undefined;

  constructor(
    private readonly commands: CommandRegistry,
    private readonly readiness: Readiness,
    private readonly consumers: Consumers,
    private readonly audit: OpenedAudit,
  ) {}

  /** Needs the global platform module beside it. */
  static register(options: AuditOptions): DynamicModule {
    const cursorKey = options.cursorKey ?? randomBytes(32);
    return {
      module: AuditModule,
      providers: [
        {
          provide: OPENED_AUDIT,
          inject: [STORED_LOG, CHECKPOINTS, Leases, CLOCK],
          useFactory: (...[store, checkpoints, leases, clock]: [EventStore, SharedCheckpoints, Leases, Clock]) =>
            openAudit({ ...options, store, checkpoints, leases, clock, cursorKey }),
        },
        {
          provide: AuditModule,
          inject: [CommandRegistry, Readiness, Consumers, OPENED_AUDIT],
          useFactory: (...parts: [CommandRegistry, Readiness, Consumers, OpenedAudit]) => new AuditModule(...parts),
        },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    const { keys, sealer, publisher, bundle, proofs, verifier } = this.audit;
    await keys.announce();
    await sealer.start();
    publisher.start();
    this.#leave = this.consumers.add('reactor', () => [sealer.status()]);
    this.readiness.add('audit', () => {
      // The log can still be written and read: nothing is lost while the tree, or its publication, waits.
      const { fault } = sealer.status();
      const troubles = [...(fault ? [`The log is not sealed now: ${fault.message}`] : []), ...publisher.troubles()];
      return troubles.length === 0 ? { ok: true } : { ok: true, message: troubles.join(' ') };
    });
    this.commands.answer(ExportAudit, (input, context) => bundle.page(input, context));
    this.commands.answer(ProveEvent, (input, context) => proofs.event(input, context));
    this.commands.answer(SignCheckpoint, input => proofs.checkpoint(input));
    this.commands.answer(FetchVerifier, () =>
      Promise.resolve({ status: 'accepted', output: verifier, position: undefined }),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.#leave?.();
    await this.audit.publisher.stop();
    await this.audit.sealer.stop();
  }
}
