import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ExportAudit, FetchVerifier, ProveEvent, SignCheckpoint } from '@runledger/contracts';
import type { EventStore, SharedCheckpoints } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import { CHECKPOINTS, CommandRegistry, Consumers, EVENT_STORE, Readiness } from '@runledger/platform';
import type { Pool } from 'pg';
import { openAudit } from './open-audit.js';
import type { OpenedAudit } from './open-audit.js';

export { AUDIT_SCHEMA } from './tree/tree-tables.js';

export interface AuditOptions {
  /** Where the tree is kept. */
  readonly database: Pool;
  /**
   * The 32 secret bytes of the Ed25519 key that signs checkpoints; left out, one is made up at start, and nobody can tell who
   * signed after a restart.
   */
  readonly signingSeed?: Uint8Array;
  /** Names the log in checkpoints; default `runledger/<id of the log>`. */
  readonly origin?: string;
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
    const signingSeed = options.signingSeed ?? randomBytes(32);
    return {
      module: AuditModule,
      providers: [
        {
          provide: OPENED_AUDIT,
          inject: [EVENT_STORE, CHECKPOINTS, Leases],
          useFactory: (store: EventStore, checkpoints: SharedCheckpoints, leases: Leases) =>
            openAudit({ ...options, store, checkpoints, leases, cursorKey, signingSeed }),
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
    const { sealer, bundle, proofs, verifier } = this.audit;
    await sealer.start();
    this.#leave = this.consumers.add('reactor', () => [sealer.status()]);
    this.readiness.add('audit', () => {
      const { fault } = sealer.status();
      // The log can still be written and read: nothing is lost while the tree waits.
      return fault ? { ok: true, message: `The log is not sealed now: ${fault.message}` } : { ok: true };
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
    await this.audit.sealer.stop();
  }
}
