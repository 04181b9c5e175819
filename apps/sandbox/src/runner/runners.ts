import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import type { ReadyAttempt } from '../attempt/attempt-place.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { AttemptPausedError } from '../attempt/stop-switch.js';
import type { Transcript } from '../attempt/transcript.js';
import { ended, RunnerAttachment, storeRest } from './runner-attachment.js';
import type { Followed } from './runner-attachment.js';
import { RunnerDirectory } from './runner-directory.js';
import { PassingRunnerFault, RunnerFault, RunnerLostError } from './runner-faults.js';
import type { ReadyRunner, RunnerProgram } from './runner-launch.js';
import type { BeginOrder, RunnerEnd, RunnerLimits, RunnerMachine } from './runner-protocol.js';
import { storedHistory } from './runner-protocol.js';
import { RunnerStart } from './runner-start.js';
import { servedPorts } from './served-ports.js';

const SPARE_AFTER_MS = 300;

export interface RunnersParts {
  /** Holds a directory per runner. */
  readonly directory: string;
  readonly program: RunnerProgram;
  readonly machine: RunnerMachine;
  readonly limits: RunnerLimits;
  /** Whether runners go on when this process is told to stop. */
  readonly outlive: boolean;
  /** Reads what an attempt has done so far. */
  readonly history: (attempt: ReadyAttempt) => Promise<AttemptHistory>;
  /** Something that a runner has to say that is not for the transcript. */
  readonly heard: (op: string, data: unknown) => void;
}

/**
 * The runners of one worker: a process for each agent attempt that executes, found again in their directories after any end of this
 * process. What a runner that is gone had said is stored before anything goes on (R2).
 */
export class Runners {
  #spare: Promise<ReadyRunner | undefined> | undefined;
  /** Directories that this process has to do with. */
  readonly #busy = new Set<string>();
  #isOpen = true;
  #outlive: boolean;
  readonly #start: RunnerStart;

  constructor(private readonly parts: RunnersParts) {
    this.#outlive = parts.outlive;
    this.#start = new RunnerStart(parts.program);
    mkdirSync(parts.directory, { recursive: true, mode: 0o700 });
  }

  /** Does the work of an attempt in a runner: in the one that has it, else in a new one. */
  async work(run: StepRun): Promise<StepResult> {
    const found = this.#of(run.attempt);
    const taken = found && (await this.#follow(run, found));
    run.stop.throwIfLeft();
    if (taken && !isLost(taken)) return this.#outcome(run, taken);
    const history = found ? { ...(await this.parts.history(run.attempt)), epoch: run.history.epoch } : run.history;
    const ready = await this.#next();
    return this.#outcome(run, await this.#follow(run, ready.directory, this.#order(run, history), ready));
  }

  /** Ends what still works on an attempt that is decided otherwise. With a transcript, what it had said is stored. */
  async settle(attempt: ReadyAttempt, transcript?: Transcript): Promise<void> {
    const found = this.#of(attempt);
    if (!found) return;
    await ended(found, 0);
    if (transcript) await storeRest(transcript, found, { epoch: found.spec()?.epoch ?? 0, after: 0 });
    found.remove();
  }

  /** Ends the runners of runs that are not these, but none that this process has to do with. */
  sweep(keep: ReadonlySet<string>): void {
    for (const directory of RunnerDirectory.allIn(this.parts.directory)) {
      const runId = directory.spec()?.attempt.place.runId;
      if (this.#busy.has(directory.path) || (runId !== undefined && keep.has(runId))) continue;
      directory.kill();
      directory.remove();
    }
  }

  /** Nothing is to stay when this process ends. */
  letNoneOutlive(): void {
    this.#outlive = false;
  }

  /** Runs whose runners go on when this process ends. */
  outliving(): ReadonlySet<string> {
    if (!this.#outlive) return new Set();
    const living = RunnerDirectory.allIn(this.parts.directory).filter(directory => directory.isAlive);
    return new Set(living.flatMap(directory => directory.spec()?.attempt.place.runId ?? []));
  }

  /** Ends the runners that another worker has of a run, and brings here what they had to say. */
  takeOver(from: string, runId: string): void {
    for (const directory of RunnerDirectory.allIn(from)) {
      if (directory.spec()?.attempt.place.runId !== runId) continue;
      directory.kill();
      const path = `${this.parts.directory}/${directory.path.slice(from.length + 1)}`;
      if (!existsSync(path)) move(directory.path, path);
    }
  }

  /** No runner is begun any more, and none waits for work; none is left, unless they are to outlive this process. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await (await this.#spare)?.dismiss();
    this.#spare = undefined;
    if (this.#outlive) return;
    await Promise.all(RunnerDirectory.allIn(this.parts.directory).map(directory => ended(directory, 0)));
  }

  #of({ workspaceId, place }: ReadyAttempt) {
    return RunnerDirectory.allIn(this.parts.directory).find(directory => {
      const attempt = directory.spec()?.attempt;
      return attempt?.workspaceId === workspaceId && attempt.place.attemptId === place.attemptId;
    });
  }

  /** The one that waits, else a new one. It is taken at once: of two who ask, one gets it. */
  async #next(): Promise<ReadyRunner> {
    const waiting = this.#spare;
    this.#spare = undefined;
    const spare = await waiting;
    if (spare?.directory.isAlive) return spare;
    spare?.directory.remove();
    return this.#launch();
  }

  /** Whoever had work for one will have more. */
  #keepSpare(): void {
    if (!this.#isOpen) return;
    this.#spare ??= this.#launch().catch(() => undefined); // the next one that is needed says why
  }

  async #launch(): Promise<ReadyRunner> {
    const directory = new RunnerDirectory(`${this.parts.directory}/${randomBytes(5).toString('hex')}`);
    this.#busy.add(directory.path);
    return this.#start.launch(directory);
  }

  #order(run: StepRun, history: AttemptHistory): BeginOrder {
    const { attempt, profile, asking } = run;
    const { machine, limits } = this.parts;
    const { epoch } = history;
    const spec = { attempt, epoch, profile, asking, machine, limits, remainingMs: run.remainingMs() };
    return { spec, history: storedHistory(history) };
  }

  async #follow(run: StepRun, directory: RunnerDirectory, order?: BeginOrder, ready?: ReadyRunner): Promise<Followed> {
    this.#busy.add(directory.path);
    const attachment = new RunnerAttachment(this.#attaching(run, directory, order?.spec.epoch));
    const following = attachment.follow(order);
    // Not while this one needs the processor to begin.
    if (ready) setTimeout(() => this.#keepSpare(), SPARE_AFTER_MS).unref();
    try {
      const end = await following;
      if (end !== 'detached') directory.remove();
      return end;
    } finally {
      ready?.letGo();
      this.#busy.delete(directory.path);
    }
  }

  #attaching(run: StepRun, directory: RunnerDirectory, epoch = directory.spec()?.epoch ?? 0) {
    const answer = servedPorts({ run, directory });
    return { run, directory, runnerEpoch: epoch, outlives: () => this.#outlive, answer, heard: this.parts.heard };
  }

  #outcome({ stop, attempt }: StepRun, end: Followed): StepResult {
    stop.throwIfLeft();
    const { attemptId } = attempt.place;
    if (end === 'detached') throw new RunnerLostError(attemptId);
    if (end.kind === 'gone') throw new RunnerLostError(attemptId, end.forWantOfMemory);
    return resultOf(end, attemptId);
  }
}

/** What lies on another file system cannot be had, and neither can its sandbox: that is told where the sandbox is looked for. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EXDEV' && code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOENT') throw error;
  }
}

/** It died, or went while nobody was attached: whoever comes goes on with another one. */
function isLost(end: Followed): boolean {
  return typeof end === 'object' && (end.kind === 'gone' || end.kind === 'left');
}

function resultOf(end: RunnerEnd, attemptId: string): StepResult {
  switch (end.kind) {
    case 'result':
      return end.result;
    case 'waits':
      throw new AwaitingPeopleError(end.callId);
    case 'paused':
      throw new AttemptPausedError();
    case 'left':
      throw new RunnerLostError(attemptId);
    case 'fault': {
      const { code, message, passes } = end.fault;
      throw passes ? new PassingRunnerFault(code, message) : new RunnerFault(code, message);
    }
  }
}
