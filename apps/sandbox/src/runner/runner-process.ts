import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import { Fault } from '@runledger/kernel';
import { diskFull } from '../attempt/disk-full.js';
import { StopSwitch } from '../attempt/stop-switch.js';
import { runAttempt } from './attempt-runner.js';
import { LineChannel, wireFault } from './line-channel.js';
import type { RunnerDirectory } from './runner-directory.js';
import type { BeginOrder, RunnerEnd, RunnerLimits, RunnerOps, Taken } from './runner-protocol.js';
import { ServicePorts } from './service-ports.js';
import { Spool } from './spool.js';

const LOOK_EVERY_MS = 1_000;
/** Whoever is attached at the end has this long to take it; the files tell it to anybody else. */
const FAREWELL_MS = 10_000;

/** Somebody with a newer epoch has the attempt (R3). */
class NewerOwnerError extends Fault {
  constructor(epoch: number) {
    super('NOT_THE_OWNER', `A newer worker than that of epoch ${epoch} is attached to this runner.`);
  }
}

/**
 * A runner as the process that it is: it listens in its directory, begins when it is told to, and goes on whether or not anybody is
 * attached. It ends when its work is over, when its directory is gone, and when it was alone for too long.
 */
export class RunnerProcess {
  readonly #server: Server;
  readonly #stop = new StopSwitch();
  readonly #ports = new ServicePorts(this.#stop.signal);
  #attached: LineChannel | undefined;
  #epoch = 0;
  #spool: Spool | undefined;
  #end: RunnerEnd | undefined;
  #begun = false;
  #aloneSince: number | undefined;
  #limits: RunnerLimits | undefined;

  constructor(
    private readonly directory: RunnerDirectory,
    private readonly exit: (code: number) => void,
  ) {
    this.#server = createServer(socket => this.#meet(socket));
  }

  /** Resolves when it can be talked to. The working directory is the runner's own: addresses of sockets are short. */
  async listen(): Promise<void> {
    rmSync('ctl.sock', { force: true });
    this.#server.listen('ctl.sock');
    await once(this.#server, 'listening');
    this.directory.writeIdentity();
    setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** A fault that nobody caught: the end is written down, as far as that is possible. */
  fail(error: unknown): void {
    this.#conclude({ kind: 'fault', fault: wireFault(error) });
    this.exit(1);
  }

  #meet(socket: Socket): void {
    const channel: LineChannel = new LineChannel(socket, (op, data) =>
      this.#answer(channel, op as keyof RunnerOps, data),
    );
    void channel.closed.then(() => this.#parted(channel));
  }

  #answer(channel: LineChannel, op: keyof RunnerOps, data: unknown): unknown {
    switch (op) {
      case 'begin':
        return this.#begin(channel, data as BeginOrder);
      case 'attach':
        return this.#attach(channel, (data as RunnerOps['attach']).epoch);
      case 'take':
        return this.#take(channel, (data as RunnerOps['take']).after);
      case 'stop': {
        const { cause, force } = data as RunnerOps['stop'];
        return this.#stop.stop(cause, force);
      }
      case 'pause':
        return this.#stop.pause();
      case 'bye':
        return this.exit(0);
    }
  }

  #attach(channel: LineChannel, epoch: number): void {
    if (epoch < this.#epoch) throw new NewerOwnerError(epoch);
    this.#epoch = epoch;
    const before = this.#attached;
    this.#attached = channel;
    this.#aloneSince = undefined;
    this.#ports.use(channel);
    if (before !== channel) before?.close();
  }

  #begin(channel: LineChannel, order: BeginOrder): void {
    if (this.#begun) throw new Fault('RUNNER_BUSY', 'This runner has begun already.');
    const { spec } = order;
    this.#begun = true;
    this.#limits = spec.limits;
    this.directory.writeSpec(spec);
    this.#attach(channel, spec.epoch);
    const spool = (this.#spool = new Spool(this.directory.spool, spec.limits.spoolBytes));
    const tools = { spool, ports: this.#ports, stop: this.#stop, blobsDir: this.directory.blobs };
    void runAttempt(order, tools)
      .catch((error: unknown): RunnerEnd => ({ kind: 'fault', fault: wireFault(error) }))
      .then(end => this.#over(end));
  }

  async #take(channel: LineChannel, after: number): Promise<Taken | undefined> {
    const spool = this.#spool;
    if (!spool) throw new Fault('RUNNER_IDLE', 'This runner has not begun anything.');
    spool.acknowledge(after);
    while (channel.isOpen) {
      const changed = spool.changed();
      const next = spool.after(after);
      if (next) return next;
      if (this.#end) return { end: this.#end };
      await changed;
    }
    return undefined; // nobody is there to hear it
  }

  #over(end: RunnerEnd): void {
    this.#conclude(end);
    if (!this.#attached?.isOpen) return this.exit(0);
    setTimeout(() => this.exit(0), FAREWELL_MS);
  }

  #conclude(end: RunnerEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    try {
      this.directory.writeExit({ end, lastSeq: this.#spool?.lastSeq ?? 0 });
    } catch (error) {
      if (!diskFull(error)) throw error;
      console.error(error); // who is attached hears of the end; anybody else goes on as after a crash
    }
    this.#spool?.wake();
  }

  #parted(channel: LineChannel): void {
    this.#spool?.wake();
    if (this.#attached !== channel) return;
    this.#attached = undefined;
    this.#aloneSince = performance.now();
    if (this.#end !== undefined) this.exit(0);
  }

  #look(): void {
    if (!existsSync('runner.json')) return this.exit(1); // it is somebody else's, or removed: nobody would ever hear of the work
    const { aloneMs } = this.#limits ?? {};
    if (!aloneMs || this.#aloneSince === undefined) return;
    if (performance.now() - this.#aloneSince > aloneMs) this.#stop.stop('shutdown', true);
  }
}
