/** A call that has no slot yet. */
export interface WaitingTurn {
  /** It has one now. */
  readonly onTurn: () => void;
}

/** A workspace has fewer than this many times the slots that are free; so one alone has seven eighths of them. */
const TIMES_THE_FREE = 7;

/**
 * The slots in which one process calls functions, handed out between workspaces.
 * 1. A free slot goes to the workspace that has the fewest of those that wait; among equals to the one whose turn was longest ago.
 *    Within a workspace who came first has the first.
 * 2. The more slots a workspace has, the more it leaves free: a call may take a quarter of an hour, and who comes then is not to wait
 *    for its end. Below eight slots nothing is left free.
 *
 * So no workspace waits while it has fewer slots than another that gets one.
 */
export class CallSlots {
  readonly #taken = new Map<string, number>();
  /** Of workspaces that wait; the one whose turn was longest ago is the first. */
  readonly #queues = new Map<string, Set<WaitingTurn>>();
  #free: number;

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Whether the workspace has got a slot, to be freed when it is done. False: it may wait for one. */
  take(workspaceId: string): boolean {
    const taken = this.#taken.get(workspaceId) ?? 0;
    if (!this.#mayHaveMore(taken)) return false;
    this.#give(workspaceId, taken);
    return true;
  }

  free(workspaceId: string): void {
    const taken = this.#taken.get(workspaceId) ?? 0;
    if (taken > 1) this.#taken.set(workspaceId, taken - 1);
    else this.#taken.delete(workspaceId);
    this.#free += 1;
    this.#handOn();
  }

  /** To be called when none could be taken. */
  wait(workspaceId: string, turn: WaitingTurn): void {
    const queue = this.#queues.get(workspaceId);
    if (queue) queue.add(turn);
    else this.#queues.set(workspaceId, new Set([turn]));
  }

  /** Waits no longer. */
  leave(workspaceId: string, turn: WaitingTurn): void {
    const queue = this.#queues.get(workspaceId);
    queue?.delete(turn);
    if (queue?.size === 0) this.#queues.delete(workspaceId);
  }

  /** Nobody waits who may have more: that changes when a slot becomes free, and then it is handed on at once. */
  #mayHaveMore(taken: number): boolean {
    return taken < TIMES_THE_FREE * this.#free;
  }

  #give(workspaceId: string, taken: number): void {
    this.#taken.set(workspaceId, taken + 1);
    this.#free -= 1;
  }

  /** Of one slot more one call at most can make use: by those that were free before, nobody was to have more. */
  #handOn(): void {
    const [workspaceId, taken] = this.#next();
    const queue = this.#queues.get(workspaceId);
    const [first] = queue ?? [];
    if (!queue || !first || !this.#mayHaveMore(taken)) return;
    queue.delete(first);
    // Its next turn comes after those of its equals.
    this.#queues.delete(workspaceId);
    if (queue.size > 0) this.#queues.set(workspaceId, queue);
    this.#give(workspaceId, taken);
    first.onTurn();
  }

  #next(): readonly [workspaceId: string, taken: number] {
    let [next, fewest] = ['', Infinity];
    for (const workspaceId of this.#queues.keys()) {
      const taken = this.#taken.get(workspaceId) ?? 0;
      if (taken < fewest) [next, fewest] = [workspaceId, taken];
    }
    return [next, fewest];
  }
}
