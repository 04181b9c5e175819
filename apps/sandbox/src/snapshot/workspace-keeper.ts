import { WorkspaceSnapshotFailed, WorkspaceSnapshotTaken } from '@runledger/contracts';
import type { ProfileDefinition } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { Fault } from '@runledger/kernel';
import type { SweptBlobStore } from '@runledger/platform';
import type { AttemptHistory } from '../attempt/attempt-history.js';
import type { AttemptPlace } from '../attempt/attempt-place.js';
import type { Transcript } from '../attempt/transcript.js';
import type { Sandbox, SandboxFiles } from '../driver/sandbox-driver.js';
import { beginningOf, type Beginning } from './beginning.js';
import { KnownFiles } from './known-files.js';
import { readSnapshot, restoreSnapshot } from './restore-snapshot.js';
import { readPast } from './run-past.js';
import { DamagedSnapshotError, SnapshotGoneError, SnapshotMissingError } from './snapshot-errors.js';
import { takeSnapshot, type SnapshotLimits, type TakenSnapshot } from './take-snapshot.js';

/** An attempt whose files are to be kept. */
export interface KeptAttempt {
  readonly workspaceId: string;
  readonly place: AttemptPlace;
  readonly history: AttemptHistory;
  readonly transcript: Transcript;
  readonly profile: ProfileDefinition;
}

/** What this process knows of the files of a run. */
interface KnownRun {
  /** One after the other: what is restored for one attempt must not be under another one's hands. */
  turn: Promise<unknown>;
  turns: number;
  /** By attempt. */
  readonly working: Map<string, { readonly attempt: KeptAttempt; readonly sandbox: Sandbox }>;
  /** The newest snapshot of its files, or the one that they were restored from. */
  last?: Omit<TakenSnapshot, 'known' | 'leftOut'>;
  /** Whether the log of this run says so. */
  isTold: boolean;
  known?: KnownFiles | undefined;
  /** Nobody has worked there since. */
  isClean: boolean;
}

/** Runs whose files are remembered; what was forgotten is read again. */
const REMEMBERED = 64;

/** Keeps the files of runs between their steps, and brings them back for those who begin from them. */
export class WorkspaceKeeper {
  readonly #runs = new Map<string, KnownRun>();

  constructor(
    private readonly parts: {
      readonly store: EventStore;
      readonly blobs: SweptBlobStore;
      readonly limits?: Partial<SnapshotLimits>;
    },
  ) {}

  /** Opens the workspace of one attempt while no other attempt of the run does. */
  inTurn<T>({ place }: Pick<KeptAttempt, 'place'>, work: () => Promise<T>): Promise<T> {
    const run = this.#run(place.runId);
    const done = run.turn.then(work).finally(() => (run.turns -= 1));
    run.turns += 1;
    run.turn = done.catch(() => undefined); // whoever asked is told; the next turn comes all the same
    return done;
  }

  /** With which files the attempt begins; `live`: a workspace is there that was worked in. */
  async beginning(attempt: KeptAttempt, sandbox: Sandbox, live: boolean): Promise<Beginning> {
    const { workspaceId, place, history } = attempt;
    const isUnderWay = history.calls.size > 0 || history.turns.length > 0 || history.snapshots.has('before');
    const stays = live && (place.attempt === 1 || isUnderWay || this.#othersWork(place));
    if (!isKept(attempt, sandbox) || stays) return live ? { kind: 'as-is' } : { kind: 'set-up' };
    const past = await readPast(this.parts.store, workspaceId, place.runId);
    if (!past.some(event => event.type === 'WorkspaceSnapshotTaken')) this.#run(place.runId).known ??= new KnownFiles();
    return beginningOf({ ...place, live }, past, runId => readPast(this.parts.store, workspaceId, runId));
  }

  /** Whether what is there is what the attempt begins with. */
  isThere(place: AttemptPlace, beginning: Beginning): boolean {
    if (beginning.kind === 'as-is') return true;
    const { last, isClean } = this.#run(place.runId);
    return beginning.kind === 'snapshot' && isClean && last?.root.sha256 === beginning.root;
  }

  /** Brings the files of a snapshot into a sandbox in which nothing runs. Answers what the transcript should say. */
  async restore(place: AttemptPlace, sandbox: Sandbox, beginning: Beginning): Promise<string> {
    if (beginning.kind === 'missing') throw new SnapshotMissingError(beginning.reason);
    if (beginning.kind !== 'snapshot' || !sandbox.files) throw new SnapshotMissingError('nothing of them is known.');
    const { files, bytes, known, rootBytes } = await restoreSnapshot(sandbox.files, beginning.root, this.parts.blobs);
    const last = { root: { sha256: beginning.root, bytes: rootBytes }, files, bytes, newBytes: 0 };
    Object.assign(this.#run(place.runId), { last, known, isTold: false, isClean: true });
    return `The workspace begins with the files from ${beginning.of}: ${files} files, ${bytes} bytes.`;
  }

  /** The attempt begins to work: what it begins with is kept, unless the log says already what that is. */
  async begin(attempt: KeptAttempt, sandbox: Sandbox): Promise<void> {
    const { place, history, transcript } = attempt;
    if (!isKept(attempt, sandbox)) return;
    const run = this.#run(place.runId);
    if (!history.snapshots.has('before') && history.calls.size === 0) {
      if (!run.isClean || !run.last) await this.#keep(attempt, sandbox.files, 'before');
      else if (!run.isTold || place.attempt > 1) tell(run, transcript, 'before');
      if (place.attempt > 1) await transcript.flush(); // from now on nobody brings back its files a second time
    }
    run.isClean = false;
    run.working.set(place.attemptId, { attempt, sandbox });
  }

  /** The attempt has worked, and nothing of it runs any more. */
  async end(place: AttemptPlace): Promise<void> {
    const run = this.#runs.get(place.runId);
    const worked = run?.working.get(place.attemptId);
    if (!run || !worked) return;
    const { attempt, sandbox } = worked;
    if (!isKept(attempt, sandbox) || attempt.history.snapshots.has('after')) return;
    await this.inTurn(attempt, async () => {
      await this.#keep(attempt, sandbox.files, 'after');
      run.working.delete(place.attemptId);
      run.isClean = run.working.size === 0;
    });
  }

  /** The attempt is not executed here any more, however it ended. */
  leave({ runId, attemptId }: AttemptPlace): void {
    this.#runs.get(runId)?.working.delete(attemptId);
  }

  /** A fault of the store costs the snapshot, not the work that was done. */
  async #keep(attempt: KeptAttempt, files: SandboxFiles, moment: Moment): Promise<void> {
    const { place, transcript } = attempt;
    const run = this.#run(place.runId);
    try {
      run.known ??= await this.#knownBefore(attempt);
      const { known, leftOut, ...last } = await takeSnapshot(files, { ...this.parts, known: run.known });
      Object.assign(run, { last, known });
      tell(run, transcript, moment);
      if (leftOut.length > 0) transcript.note('InfoRecorded', `left-out.${moment}`, leftOutText(leftOut));
    } catch (error) {
      delete run.last;
      const code = error instanceof Fault ? error.code : 'SNAPSHOT_FAILED';
      const reason = error instanceof Error ? error.message : String(error);
      transcript.add(WorkspaceSnapshotFailed({ ...place, moment, code, reason, at: transcript.now() }));
      transcript.note('InfoRecorded', `not-kept.${moment}`, `${reason} No re-run can begin with these files.`);
    }
  }

  /** After a restart of the service: the content that the newest snapshot refers to need not be stored again. */
  async #knownBefore({ workspaceId, place }: KeptAttempt): Promise<KnownFiles | undefined> {
    const past = await readPast(this.parts.store, workspaceId, place.runId);
    const newest = past.findLast(event => event.type === 'WorkspaceSnapshotTaken');
    if (!newest) return undefined;
    try {
      return KnownFiles.of((await readSnapshot(newest.data.root.sha256, this.parts.blobs)).snapshot);
    } catch (error) {
      if (error instanceof SnapshotGoneError || error instanceof DamagedSnapshotError) return undefined;
      throw error;
    }
  }

  #othersWork({ runId, attemptId }: AttemptPlace): boolean {
    return [...this.#run(runId).working.keys()].some(other => other !== attemptId);
  }

  /** The run, as the one that was used last. */
  #run(runId: string): KnownRun {
    const fresh = {
      turn: Promise.resolve(),
      turns: 0,
      working: new Map<string, never>(),
      isTold: false,
      isClean: false,
    };
    const run = this.#runs.get(runId) ?? fresh;
    this.#runs.delete(runId);
    this.#runs.set(runId, run);
    const idle = [...this.#runs].find(([id, other]) => id !== runId && other.turns === 0 && other.working.size === 0);
    if (this.#runs.size > REMEMBERED && idle) this.#runs.delete(idle[0]);
    return run;
  }
}

type Moment = 'before' | 'after';

function isKept(attempt: KeptAttempt, sandbox: Sandbox): sandbox is Sandbox & { readonly files: SandboxFiles } {
  return attempt.profile.snapshots !== 'none' && sandbox.files !== undefined;
}

function tell(run: KnownRun, transcript: Transcript, moment: Moment): void {
  if (!run.last) return;
  transcript.add(WorkspaceSnapshotTaken({ ...transcript.place, moment, ...run.last, at: transcript.now() }));
  run.isTold = true;
}

function leftOutText(paths: readonly string[]): string {
  const shown = paths.slice(0, 20).map(path => Buffer.from(path, 'latin1').toString());
  const more = paths.length > shown.length ? [`and ${paths.length - shown.length} more`] : [];
  return ['Not kept, because they are no files or cannot be read:', ...shown, ...more].join('\n');
}
