import { Fault } from '@runledger/kernel';

/** Two processes would sweep each other's sandboxes. */
export class SandboxHomeInUseError extends Fault {
  constructor(home: string, pid: unknown, cause: Error) {
    super(
      'SANDBOX_HOME_IN_USE',
      `Another sandbox service (process ${String(pid)}) works in ${home}. Give each replica a home directory of its own.`,
      { cause, fields: { home, pid } },
    );
  }
}

/** The home directory, which names the worker, is at two places: it was copied, or is shared between machines. */
export class WorkerNameTakenError extends Fault {
  constructor(worker: string) {
    super(
      'WORKER_NAME_TAKEN',
      `Another process lives as ${worker}. Give each replica a home directory of its own, and never copy one.`,
      { fields: { worker } },
    );
  }
}

/** A run went on elsewhere, and what its finished calls had written stayed behind. */
export class SandboxLostError extends Fault {
  constructor(runId: string, worker: string) {
    super(
      'SANDBOX_LOST',
      `The files of this run were kept by ${worker}, which is gone and cannot be reached from here: ` +
        'what its finished steps and calls wrote is lost.',
      { fields: { runId, worker } },
    );
  }

  readonly fix =
    'Start the run again. To keep files through the loss of a worker, let replicas share a machine and a disk.';
}
