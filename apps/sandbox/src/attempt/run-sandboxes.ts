import type { DescribeSandboxDrivers, OutputOf, ProfileDefinition } from '@runledger/contracts';
import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';
import { LeftBehindError } from '../driver/sandbox-faults.js';

export interface SandboxRequest {
  readonly workspaceId: string;
  readonly runId: string;
  readonly profile: ProfileDefinition;
  /** Brings what other workers have of the run, before its sandbox is opened here. */
  bring?(driver: SandboxDriver): Promise<void>;
}

type Described = OutputOf<typeof DescribeSandboxDrivers>['drivers'][number];
type Standing = Pick<Described, 'state' | 'problem'>;

/** The sandboxes that this process has open: one per run, shared by the run's attempts. */
export class RunSandboxes {
  readonly #open = new Map<string, Promise<Sandbox>>();
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #proofs = new Map<SandboxDriver, Promise<void>>();
  readonly #standings = new Map<SandboxDriver, Standing>();
  /** Sweeps and proofs, one after the other: a sweep would take the sandbox of a proof for a leftover. */
  #turn: Promise<void> = Promise.resolve();

  constructor(private readonly drivers: readonly SandboxDriver[]) {}

  /**
   * Opens the run's sandbox; `setUp` runs once for a fresh one. When another attempt's set-up failed, this one makes its own:
   * that one may have been stopped, or may have failed for a reason that has passed.
   */
  async open(
    driver: SandboxDriver,
    request: SandboxRequest,
    setUp: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    for (;;) {
      const known = this.#open.get(request.runId);
      if (!known) return this.#openFirst(driver, request, setUp);
      const sandbox = await known.catch(() => undefined);
      if (sandbox) return sandbox;
    }
  }

  /** Whether this process has the run's sandbox open. */
  has(runId: string): boolean {
    return this.#open.has(runId);
  }

  /** Whether this process has the run's sandbox open and would wait for a container to start after it has put it down. */
  async startsSlowly(runId: string): Promise<boolean> {
    const sandbox = await this.#open.get(runId)?.catch(() => undefined); // whoever opens it is told
    return sandbox?.startsSlowly ?? false;
  }

  /**
   * Proves the drivers that depend on something beside this machine, before anybody needs them; answers those that cannot be used.
   * The others prove themselves at their first sandbox.
   */
  async proveEngines(): Promise<readonly { readonly driver: string; readonly error: unknown }[]> {
    const engines = this.drivers.filter(({ name }) => name === 'docker' || name === 'kubernetes');
    const proofs = await Promise.allSettled(engines.map(driver => this.#proven(driver)));
    return proofs.flatMap((proof, index) =>
      proof.status === 'rejected' ? [{ driver: engines[index]?.name ?? '', error: proof.reason as unknown }] : [],
    );
  }

  /** Every driver of this process and how it stands. */
  described(): Described[] {
    return this.drivers.map(driver => {
      const { freeze, ...limits } = driver.capabilities();
      const isolation = driver.name === 'process' ? 'none' : driver.name;
      const standing = this.#standings.get(driver) ?? { state: 'UNPROVEN' as const };
      return { name: driver.name, isolation, ...standing, limits, freeze };
    });
  }

  /** Releases the run's sandbox when this process has it open; answers whether it had. */
  async release(runId: string): Promise<boolean> {
    await this.#leaving.get(runId);
    const opened = this.#open.get(runId);
    if (!opened) return false;
    this.#open.delete(runId);
    await (await opened).release();
    return true;
  }

  /**
   * Puts down the run's sandbox when this process has it open: what runs in it is ended and what it holds of the machine given
   * back. Its files stay, and the next `open` takes them up, once this is done.
   */
  async putDown(runId: string): Promise<void> {
    const opened = this.#open.get(runId);
    if (!opened) return;
    this.#open.delete(runId);
    const leaving = opened.then(sandbox => sandbox.leave()).finally(() => this.#leaving.delete(runId));
    this.#leaving.set(
      runId,
      leaving.catch(() => undefined), // who asked is told; who opens it next finds it as it is
    );
    await leaving;
  }

  /** Puts down the run's sandbox when this process has it open; the next `open` finds it to be set up anew. */
  async renew(runId: string): Promise<void> {
    const opened = await this.#open.get(runId);
    await opened?.markUnready();
    await this.putDown(runId);
  }

  /** Puts down every sandbox that is open here and leaves its files to whoever has the run now. */
  async leave(): Promise<void> {
    const opened = [...this.#open.values()];
    this.#open.clear();
    const sandboxes = await Promise.allSettled(opened);
    await Promise.all(sandboxes.flatMap(each => (each.status === 'fulfilled' ? [each.value.leave()] : [])));
  }

  /** At the end of this process: gives back what sandboxes hold of the machine. They themselves stay, for the next start. */
  async close(inUse?: ReadonlySet<string>): Promise<void> {
    await Promise.all(this.drivers.map(driver => driver.close(inUse)));
  }

  /**
   * Removes what is left of runs that are not open any more. No sandbox is opened until every driver is done, also when one fails, so none
   * is taken for a leftover. Throws what the drivers failed by.
   */
  async sweep(openRuns: () => Promise<ReadonlySet<string>>): Promise<void> {
    await this.#inTurn(async () => {
      const keep = new Set([...(await openRuns()), ...this.#open.keys()]);
      const swept = await Promise.allSettled(this.drivers.map(driver => driver.sweep(keep)));
      const reasons = swept.flatMap(each => (each.status === 'rejected' ? [each.reason as unknown] : []));
      if (reasons.length > 0) throw togetherOf(reasons);
    });
  }

  async #openFirst(
    driver: SandboxDriver,
    request: SandboxRequest,
    setUp: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    const opened = this.#openReady(driver, request, setUp);
    this.#open.set(request.runId, opened);
    try {
      return await opened;
    } catch (error) {
      if (this.#open.get(request.runId) === opened) this.#open.delete(request.runId);
      throw error;
    }
  }

  async #openReady(
    driver: SandboxDriver,
    request: SandboxRequest,
    setUp: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    await this.#turn;
    await this.#leaving.get(request.runId);
    await this.#proven(driver);
    await request.bring?.(driver);
    const sandbox = await driver.open(request);
    if (!sandbox.fresh) return sandbox;
    await setUp(sandbox);
    await sandbox.markReady();
    return sandbox;
  }

  /** No step starts on a driver that has not proved its isolation in this process (S1). A failed proof is tried again. */
  async #proven(driver: SandboxDriver): Promise<void> {
    const known = this.#proofs.get(driver);
    if (known) return known;
    const proof = this.#inTurn(() => driver.selfTest());
    this.#proofs.set(driver, proof);
    proof.then(
      () => this.#standings.set(driver, { state: 'PROVEN' }),
      (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        this.#standings.set(driver, { state: 'UNAVAILABLE', problem });
        this.#proofs.delete(driver);
      },
    );
    return proof;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined); // whoever asked is told; the next turn comes all the same
    return done;
  }
}

/** What several drivers left behind is no more of a fault than what one did. */
function togetherOf(reasons: readonly unknown[]): unknown {
  if (reasons.length === 1) return reasons[0];
  const left = reasons.filter(reason => reason instanceof LeftBehindError);
  if (left.length === reasons.length) return new LeftBehindError(left.flatMap(each => each.reasons));
  return new AggregateError(reasons, 'Several drivers did not remove what is left.');
}
