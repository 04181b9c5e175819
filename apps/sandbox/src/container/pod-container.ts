import type { V1Pod } from '@kubernetes/client-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallNotStartedError } from '../driver/sandbox-faults.js';
import { ImageUnusableError } from './container-faults.js';
import { saidBy } from './container-output.js';
import type { Container, ContainerProcess, ContainerProgram } from './container-port.js';
import { CONTAINER_PROBE } from './container-scripts.js';
import { insist } from './docker-container.js';
import type { KubernetesCluster } from './kubernetes-cluster.js';

const LOOK_EVERY_MS = 100;
const PROBES = 3;
const READY_WITHIN_MS = 300_000;
/** What a cluster says of an image that it will not get. */
const HOPELESS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
];

/** A pod that is gone took its files with it: that is told, and not played over with an empty one. */
export type PodLost = (why: string) => Error;

/** The pod of one sandbox: made when it is first needed, found again by its name, and proven before anything runs in it. */
export class PodContainer implements Container {
  #ready: Promise<void> | undefined;

  constructor(
    private readonly cluster: KubernetesCluster,
    private readonly manifest: V1Pod,
    private readonly lost: PodLost,
    private readonly isFilled: () => boolean,
  ) {}

  async start(program: ContainerProgram): Promise<ContainerProcess> {
    await this.#ensured();
    const process = await this.cluster.exec(this.#name, program);
    if (process) return process;
    this.#ready = undefined;
    throw new CallNotStartedError(program.argv.join(' ').slice(0, 80), `pod ${this.#name} is not up any more`);
  }

  async killAll(): Promise<void> {
    await this.cluster.tell(this.#name, 'kill\n');
  }

  /** Its files go with it. */
  async remove(): Promise<void> {
    this.#ready = undefined;
    await this.cluster.remove(this.#name);
  }

  get #name(): string {
    return this.manifest.metadata?.name ?? '';
  }

  #ensured(): Promise<void> {
    const ready = this.#ready ?? this.#find();
    this.#ready = ready;
    ready.catch(() => (this.#ready = undefined));
    return ready;
  }

  async #find(): Promise<void> {
    const found = await this.cluster.pod(this.#name);
    const isNew = !found;
    if (!found && this.isFilled()) throw this.lost('it is not in the cluster any more');
    if (!found) await this.cluster.create(this.manifest);
    await this.#comesUp();
    if (isNew) await this.#prove();
  }

  async #comesUp(): Promise<void> {
    for (let waited = 0; waited < READY_WITHIN_MS; waited += LOOK_EVERY_MS) {
      const status = (await this.cluster.pod(this.#name))?.status;
      if (status?.phase === 'Failed' || status?.phase === 'Succeeded') {
        throw this.lost(status.reason ?? status.message ?? 'it has ended');
      }
      const [container] = status?.containerStatuses ?? [];
      if (status?.phase === 'Running' && container?.state?.running) return;
      const waiting = container?.state?.waiting;
      if (waiting?.reason !== undefined && HOPELESS.includes(waiting.reason)) await this.#giveUp(waiting);
      await sleep(LOOK_EVERY_MS);
    }
    throw new CallNotStartedError(this.#name, `the cluster did not start the pod within ${READY_WITHIN_MS / 1_000} s`);
  }

  async #giveUp({ reason, message }: { readonly reason?: string; readonly message?: string }): Promise<never> {
    await this.remove();
    const image = this.manifest.spec?.containers[0]?.image ?? '';
    const said = [reason, message].filter(Boolean).join(': ');
    throw new ImageUnusableError(image, `the cluster says ${said}.`, 'Correct the image, or let the cluster fetch it.');
  }

  async #prove(): Promise<void> {
    const argv = ['/bin/sh', '-c', CONTAINER_PROBE, 'probe', 'pod', 'policy'];
    const start = async (program: ContainerProgram): Promise<ContainerProcess> => {
      const process = await this.cluster.exec(this.#name, program);
      if (process) return process;
      throw new CallNotStartedError('probe', `pod ${this.#name} ended at once`);
    };
    try {
      const inside = { start, killAll: () => this.killAll(), remove: () => this.remove() };
      let said = await saidBy(inside, argv);
      // A stream to a pod may break off, which says nothing of the image.
      for (let times = 1; said === undefined && times < PROBES; times += 1) said = await saidBy(inside, argv);
      insist(this.manifest.spec?.containers[0]?.image ?? '', said, `kubectl describe pod ${this.#name}`);
    } catch (error) {
      await this.remove();
      throw error;
    }
  }
}
