import type { EventStore, Position } from '@runledger/event-store';
import { START } from '@runledger/event-store';
import { join } from 'node:path';
import type { OpenAttempt } from '../attempt/open-work.js';
import type { RunHomes } from '../attempt/run-homes.js';
import type { SandboxDriver } from '../driver/sandbox-driver.js';
import type { Runners } from '../runner/runners.js';
import { SandboxLostError } from './worker-faults.js';
import { workerAt } from './worker-name.js';
import type { WorkerHome, WorkerTable } from './worker-table.js';

export interface RunFilesParts {
  readonly worker: string;
  readonly home: WorkerHome;
  readonly workers: WorkerTable;
  readonly homes: RunHomes;
  readonly store: EventStore;
  readonly runners?: Runners | undefined;
}

/**
 * Brings the files of a run to the worker that has the run now. The directory of a dead worker on the same machine is moved
 * here, journal and all: what was finished there is finished here (R2). What cannot be reached is lost, and that is told
 * rather than played over with an empty workspace, unless nothing had been finished in it.
 */
export class RunFiles {
  constructor(private readonly parts: RunFilesParts) {}

  /** Answers what the reader of the transcript should know. Throws {@link SandboxLostError}. */
  async bring(open: OpenAttempt, driver: SandboxDriver): Promise<string | undefined> {
    const { worker, homes } = this.parts;
    const { filesAt, workspaceId } = open;
    const { runId } = open.place;
    if (filesAt === undefined || filesAt === worker) return undefined;
    const moved = await this.#fetch(filesAt, driver, runId);
    if (!moved && (await this.#anythingFinished(workspaceId, runId))) throw new SandboxLostError(runId, filesAt);
    await homes.filesCame({ workspaceId, runId }, worker);
    return moved
      ? `The workspace was brought here from ${filesAt}, which is gone.`
      : `${filesAt} is gone; nothing had been finished there, and the workspace is made anew.`;
  }

  async #fetch(from: string, driver: SandboxDriver, runId: string): Promise<boolean> {
    const { home, workers } = this.parts;
    const there = await workers.homeOf(from);
    if (!there || there.machine !== home.machine || workerAt(there.path) !== from) return false;
    this.parts.runners?.takeOver(join(there.path, 'runners'), runId);
    return driver.adopt({ runId, from, homeDir: join(there.path, driver.name) });
  }

  async #anythingFinished(tenant: string, runId: string): Promise<boolean> {
    for (let after: Position = START; ;) {
      const filter = { tenant, correlationId: runId, types: ['ToolCallEnded'] };
      const slice = await this.parts.store.readAll({ ...filter, after, limit: 1 });
      if (slice.events.length > 0) return true;
      if (slice.caughtUp) return false;
      after = slice.scannedTo;
    }
  }
}
