import type { V1Pod } from '@kubernetes/client-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallNotStartedError } from '../driver/sandbox-faults.js';
import { EngineSilentError } from './container-faults.js';
import { saidBy } from './container-output.js';
import type { Container, ContainerProcess, ContainerProgram } from './container-port.js';
import { CONTAINER_PROBE } from './container-scripts.js';
import { insist } from './docker-container.js';
import type { KubernetesCluster } from './kubernetes-cluster.js';
import { endOfPod, PullPatience, standingOf, whyNotUp } from './pod-standing.js';

const LOOK_EVERY_MS = 100;
const PROBES = 3;
const READY_WITHIN_MS = 300_000;

/** What is on record here of the pod of one sandbox. */
export interface PodRecord {
  /** Of the pod that the sandbox has; undefined: it has had none yet. */
  uid: string | undefined;
  /** Whether its set-up is done, so that another pod would not do. */
  readonly isSetUp: boolean;
  /** A pod that is gone took its files with it: that is told, and not played over with an empty one. */
  lost(why: string): Error;
}

export interface PodContainerParts {
  readonly cluster: KubernetesCluster;
  readonly manifest: V1Pod;
  readonly record: PodRecord;
  readonly pullPatienceMs: number;
}

/** The pod of one sandbox: made when it is first needed, found again by its name, and proven before anything runs in it. */
export class PodContainer implements Container {
  readonly #parts: PodContainerParts;
  #ready: Promise<void> | undefined;

  constructor(parts: PodContainerParts) {
    this.#parts = parts;
  }

  async start(program: ContainerProgram): Promise<ContainerProcess> {
    await this.#ensured();
    const process = await this.#parts.cluster.exec(this.#name, program);
    if (process) return process;
    this.#ready = undefined;
    throw new CallNotStartedError(program.argv.join(' ').slice(0, 80), `pod ${this.#name} is not up any more`);
  }

  async killAll(): Promise<void> {
    await this.#parts.cluster.tell(this.#name, 'kill\n');
  }

  /** Its files go with it. */
  async remove(): Promise<void> {
    this.#ready = undefined;
    await this.#parts.cluster.remove(this.#name);
  }

  get #name(): string {
    return this.#parts.manifest.metadata?.name ?? '';
  }

  get #image(): string {
    return this.#parts.manifest.spec?.containers[0]?.image ?? '';
  }

  /** Files are in it that cannot be made again. */
  get #isFilled(): boolean {
    const { record } = this.#parts;
    return record.isSetUp && record.uid !== undefined;
  }

  #ensured(): Promise<void> {
    const ready = this.#ready ?? this.#find();
    this.#ready = ready;
    ready.catch(() => (this.#ready = undefined));
    return ready;
  }

  /** Whoever made it may have been killed before it was proven, so it is proven by each process that finds it. */
  async #find(): Promise<void> {
    const { cluster, manifest, record } = this.#parts;
    const found = await cluster.pod(this.#name);
    const gone = goneBy(found, this.#isFilled ? record.uid : undefined);
    if (gone !== undefined && this.#isFilled) throw record.lost(gone);
    if (found && gone !== undefined) await this.#removed();
    if (gone !== undefined) await cluster.create(manifest);
    const uid = await this.#comesUp();
    await this.#prove();
    record.uid = uid;
  }

  /** A pod that is being removed keeps its name until it is. */
  async #removed(): Promise<void> {
    await this.#parts.cluster.remove(this.#name);
    for (let waited = 0; waited < READY_WITHIN_MS; waited += LOOK_EVERY_MS) {
      if (!(await this.#parts.cluster.pod(this.#name))) return;
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #comesUp(): Promise<string> {
    const pull = new PullPatience(this.#image, this.#parts.pullPatienceMs);
    let pod: V1Pod | undefined;
    for (let waited = 0; waited < READY_WITHIN_MS; waited += LOOK_EVERY_MS) {
      pod = await this.#parts.cluster.pod(this.#name);
      const standing = standingOf(pod);
      if (standing === 'up') return pod?.metadata?.uid ?? '';
      if (standing === 'ended') await this.#ended(pod);
      const unusable = pull.lostBy(pod);
      if (unusable) {
        await this.remove();
        throw unusable;
      }
      await sleep(LOOK_EVERY_MS);
    }
    const why = whyNotUp(pod);
    throw new CallNotStartedError(
      this.#name,
      `the cluster did not start the pod within ${READY_WITHIN_MS / 1_000} s${why === undefined ? '' : `: ${why}`}`,
    );
  }

  /** Before it was used, it is made again, unless its image is why. */
  async #ended(pod: V1Pod | undefined): Promise<never> {
    const { why, imageFault } = endOfPod(pod, this.#image);
    if (this.#isFilled) throw this.#parts.record.lost(why);
    await this.remove();
    throw imageFault ?? new EngineSilentError(`Pod ${this.#name}`, `it has ended (${why})`);
  }

  async #prove(): Promise<void> {
    const argv = ['/bin/sh', '-c', CONTAINER_PROBE, 'probe', 'pod', 'policy'];
    const start = async (program: ContainerProgram): Promise<ContainerProcess> => {
      const process = await this.#parts.cluster.exec(this.#name, program);
      if (process) return process;
      throw new CallNotStartedError('probe', `pod ${this.#name} ended at once`);
    };
    const inside = { start, killAll: () => this.killAll(), remove: () => this.remove() };
    let said = await saidBy(inside, argv);
    // A stream to a pod may break off, which says nothing of the image.
    for (let times = 1; said === undefined && times < PROBES; times += 1) said = await saidBy(inside, argv);
    if (said === undefined && this.#isFilled) {
      throw new EngineSilentError(`Pod ${this.#name}`, 'its probe was not heard to its end');
    }
    try {
      insist(this.#image, said, `kubectl describe pod ${this.#name}`);
    } catch (error) {
      if (!this.#isFilled) await this.remove();
      throw error;
    }
  }
}

/** Why what was found is not the pod to use; undefined: it is. `uid`: of the one that is wanted, where another would not do. */
function goneBy(found: V1Pod | undefined, uid: string | undefined): string | undefined {
  if (!found) return 'it is not in the cluster any more';
  if (uid !== undefined && found.metadata?.uid !== uid) return 'another was made under its name';
  if (found.metadata?.deletionTimestamp !== undefined) return 'it was removed';
  return standingOf(found) === 'ended' ? endOfPod(found, '').why : undefined;
}
