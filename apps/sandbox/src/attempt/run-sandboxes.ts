import type { ProfileDefinition } from '@runledger/contracts';
import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';

export interface SandboxRequest {
  readonly workspaceId: string;
  readonly runId: string;
  readonly profile: ProfileDefinition;
}

/** The sandboxes that this process has open: one per run, shared by the run's attempts. */
export class RunSandboxes {
  readonly #open = new Map<string, Promise<Sandbox>>();
  #sweep: Promise<void> = Promise.resolve();

  constructor(private readonly drivers: readonly SandboxDriver[]) {}

  /** Opens the run's sandbox; `setUp` runs once for a fresh one, and its failure is every waiting attempt's failure. */
  async open(
    driver: SandboxDriver,
    request: SandboxRequest,
    setUp: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    const known = this.#open.get(request.runId);
    if (known) return known;
    const opened = this.#sweep.then(() => openReady(driver, request, setUp));
    this.#open.set(request.runId, opened);
    try {
      return await opened;
    } catch (error) {
      this.#open.delete(request.runId);
      throw error;
    }
  }

  /** Releases the run's sandbox when this process has it open; answers whether it had. */
  async release(runId: string): Promise<boolean> {
    const opened = this.#open.get(runId);
    if (!opened) return false;
    this.#open.delete(runId);
    await (await opened).release();
    return true;
  }

  /** Removes what is left of runs that are not open any more. No sandbox is opened meanwhile, so none is taken for a leftover. */
  async sweep(openRuns: () => Promise<ReadonlySet<string>>): Promise<void> {
    const sweeping = this.#sweep.then(async () => {
      const keep = new Set([...(await openRuns()), ...this.#open.keys()]);
      await Promise.all(this.drivers.map(driver => driver.sweep(keep)));
    });
    this.#sweep = sweeping.catch(() => undefined);
    await sweeping;
  }
}

async function openReady(
  driver: SandboxDriver,
  request: SandboxRequest,
  setUp: (sandbox: Sandbox) => Promise<void>,
): Promise<Sandbox> {
  const sandbox = await driver.open(request);
  if (!sandbox.fresh) return sandbox;
  await setUp(sandbox);
  await sandbox.markReady();
  return sandbox;
}
