import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { ExportRun } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { EVENT_STORE, CommandRegistry } from '@runledger/platform';
import { ExportCursors } from './run-export/export-cursor.js';
import { RunExport } from './run-export/run-export.js';

export interface AuditOptions {
  /**
   * Authenticates export cursors, at least 32 bytes. Replicas of one service need the same key; without one it is made up
   * at start, and an export under way then has to begin again after a restart.
   */
  readonly cursorKey?: Uint8Array;
}

/** The audit service: what a run did, in a form that others can check without us. */
@Module({})
export class AuditModule implements OnApplicationBootstrap {
  constructor(
    private readonly commands: CommandRegistry,
    private readonly runExport: RunExport,
  ) {}

  /** Needs the global platform module beside it. */
  static register(options: AuditOptions = {}): DynamicModule {
    const cursors = new ExportCursors(options.cursorKey ?? randomBytes(32));
    return {
      module: AuditModule,
      providers: [
        {
          provide: RunExport,
          inject: [EVENT_STORE],
          useFactory: (store: EventStore) => new RunExport(store, cursors),
        },
      ],
    };
  }

  onApplicationBootstrap(): void {
    this.commands.answer(ExportRun, (input, context) => this.runExport.page(input, context));
  }
}
