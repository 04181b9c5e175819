import type { V1ContainerStateWaiting, V1Pod } from '@kubernetes/client-node';
import { ImageUnusableError } from './container-faults.js';

/** What a cluster says of an image that it will never get, or that cannot be run. */
const HOPELESS = ['InvalidImageName', 'ErrImageNeverPull', 'CreateContainerConfigError', 'CreateContainerError'];
/** What it says of one that it tries to get again and again. */
const TRYING = ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'ImageInspectError'];
/** Words of registries that trying again does not change. */
const FINAL_WORDS = /not found|unknown|denied|unauthorized|forbidden|authentication required|no match for platform/i;
/** Of a container whose first program could not be started. */
const NOT_STARTED = ['StartError', 'ContainerCannotRun'];

/** `ended`: nothing runs in it any more, and nothing ever will. */
export type PodStanding = 'up' | 'coming' | 'ended';

export function standingOf(pod: V1Pod | undefined): PodStanding {
  const { phase, containerStatuses } = pod?.status ?? {};
  if (phase === 'Failed' || phase === 'Succeeded' || containerStatuses?.[0]?.state?.terminated) return 'ended';
  return phase === 'Running' && containerStatuses?.[0]?.state?.running ? 'up' : 'coming';
}

export interface PodEnd {
  readonly why: string;
  /** Set where no pod of this image would do better. */
  readonly imageFault: ImageUnusableError | undefined;
}

/** What the cluster says of why it ended: its own reason, such as `Evicted`, before that of its program, such as `OOMKilled`. */
export function endOfPod(pod: V1Pod | undefined, image: string): PodEnd {
  const { reason, message, containerStatuses } = pod?.status ?? {};
  const end = containerStatuses?.[0]?.state?.terminated;
  const cause = reason ?? end?.reason;
  const why = [cause, message ?? end?.message].filter(Boolean).join(': ') || 'it has ended';
  const isItsImage = reason === undefined && NOT_STARTED.includes(end?.reason ?? '');
  const fix = 'Use an image with /bin/sh that runs as an ordinary user.';
  const imageFault = isItsImage
    ? new ImageUnusableError(image, `its container did not start (${why}).`, fix)
    : undefined;
  return { why, imageFault };
}

/** What a pod that does not come up waits for, such as a node with room. */
export function whyNotUp(pod: V1Pod | undefined): string | undefined {
  const { conditions, containerStatuses } = pod?.status ?? {};
  const waiting = containerStatuses?.[0]?.state?.waiting;
  const unmet = conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return unmet?.message ?? saidOf(waiting);
}

/** A registry that is away for a moment is asked again by the cluster; how long that is waited for. */
export class PullPatience {
  #since: number | undefined;
  /** The cluster says why once, and then only that it waits. */
  #complaint: string | undefined;

  constructor(
    private readonly image: string,
    private readonly patienceMs: number,
  ) {}

  /** The fault to end with; undefined: wait on. */
  lostBy(pod: V1Pod | undefined): ImageUnusableError | undefined {
    const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
    const { reason = '' } = waiting ?? {};
    if (HOPELESS.includes(reason)) return this.#fault(waiting);
    if (!TRYING.includes(reason)) return void (this.#since = undefined);
    this.#since ??= performance.now();
    if (reason !== 'ImagePullBackOff') this.#complaint = saidOf(waiting);
    const isFinal = FINAL_WORDS.test(waiting?.message ?? '');
    return isFinal || performance.now() - this.#since > this.patienceMs ? this.#fault(waiting) : undefined;
  }

  #fault(waiting: V1ContainerStateWaiting | undefined): ImageUnusableError {
    const said = this.#complaint ?? saidOf(waiting) ?? '';
    const fix = 'Correct the image, or let the cluster fetch it.';
    return new ImageUnusableError(this.image, `the cluster says ${said}.`, fix);
  }
}

function saidOf(waiting: V1ContainerStateWaiting | undefined): string | undefined {
  return [waiting?.reason, waiting?.message].filter(Boolean).join(': ') || undefined;
}
