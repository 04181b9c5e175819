import type { Readable } from 'node:stream';
import { ForkServerLostError } from '../forking/forks.js';
import type { Descriptor, Forked, Forks } from '../forking/forks.js';
import type { CallJournal } from './call-journal.js';
import { CallCutOffError, CallNotStartedError } from './sandbox-faults.js';
import { supervisorScript } from './supervisor-script.js';

/** What a driver contributes to one call: how its program is started, and from inside which groups. */
export interface CallLaunch {
  /** Brings the supervisor to where the sources can be reached; empty when they can be from here. */
  readonly stage: readonly string[];
  /** The program and all its arguments; runs as the supervisor's child with descriptors 3 (arguments), 4 and 5. */
  readonly argv: readonly string[];
  /** NUL-separated on descriptor 3. */
  readonly hiddenArguments: readonly string[];
  /** Opened on descriptor 4. */
  readonly seccompProgram?: string;
  /** Owner of the pipes, so that `/dev/stdout` can be opened by name inside. */
  readonly uid?: number;
  readonly joinPaths: readonly string[];
  /** True when the program does not write bwrap's status itself. */
  readonly recordExitCode: boolean;
  readonly openFiles: number;
  /** Largest file that the call can write. */
  readonly fileBytes?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const BLOCK_BYTES = 512;

export interface SupervisedCall {
  readonly callId: string;
  readonly stdin?: Buffer;
  readonly input?: Readable;
  /** Most output per channel that is spooled. */
  readonly maxBytes: number;
}

/** The supervisor of one call as the service sees it: its end, and the lifeline that takes the tree down. */
export class SupervisedProcess {
  /**
   * Resolves when the supervisor is gone, and with it every process of the call. Rejects with {@link CallNotStartedError}, or with
   * {@link CallCutOffError} when nobody can tell whether it was started.
   */
  readonly exited: Promise<void>;
  readonly #forked: Forked;

  constructor(forks: Forks, journal: CallJournal, launch: CallLaunch, call: SupervisedCall) {
    const settings = supervisorArguments(journal, launch, call.maxBytes);
    const [program = '/bin/sh', ...argv] = [
      ...launch.stage,
      '/bin/sh',
      '-c',
      supervisorScript,
      'runledger-call',
      ...settings,
    ];
    this.#forked = forks.start(
      {
        ...{ program, argv: [...argv, ...launch.argv], env: launch.env, cwd: launch.cwd },
        descriptors: descriptors(journal, launch, call),
      },
      call.input,
    );
    this.exited = this.#forked.exited.catch((cause: Error) => {
      if (cause instanceof ForkServerLostError) throw new CallCutOffError(call.callId, cause);
      throw new CallNotStartedError(call.callId, cause.message, cause);
    });
  }

  get pid(): number | undefined {
    return this.#forked.pid;
  }

  /** Lets go of the tree: it is killed at once and leaves no exit code, as if the service had died. */
  abandon(): void {
    this.#forked.letGo();
  }
}

/** In the order that {@link supervisorScript} expects. */
function descriptors(journal: CallJournal, launch: CallLaunch, { stdin, input }: SupervisedCall): Descriptor[] {
  const given: Descriptor = stdin ? { hidden: `${journal.path}/stdin`, content: stdin } : nothing;
  return [
    input ? 'fed' : given,
    'ignore',
    'ignore',
    { hidden: `${journal.path}/arguments`, content: nulSeparated(launch.hiddenArguments) },
    launch.seccompProgram === undefined ? nothing : { open: launch.seccompProgram, flags: 'r' },
    { open: journal.statusPath(), flags: 'a' },
    'held', // the lifeline
  ];
}

const nothing: Descriptor = { open: '/dev/null', flags: 'r' };

function supervisorArguments(journal: CallJournal, launch: CallLaunch, maxBytes: number): string[] {
  return [
    journal.path,
    String(blocksOf(maxBytes) + 1),
    launch.uid === undefined ? '' : String(launch.uid),
    launch.joinPaths.join(' '),
    launch.recordExitCode ? 'record' : '',
    String(launch.openFiles),
    launch.fileBytes === undefined ? '' : String(blocksOf(launch.fileBytes)),
  ];
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}

function nulSeparated(parts: readonly string[]): Buffer {
  return Buffer.from(parts.map(part => `${part}\0`).join(''));
}
