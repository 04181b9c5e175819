import type { Rhythm } from './socket-pulse.js';

/** How a cluster is reached and used. Plain data without a secret: credentials are in the file, or mounted into the service's pod. */
export interface KubernetesSettings {
  readonly namespace: string;
  /** Path of a kubeconfig file. Left out: what the cluster mounts into its pods. */
  readonly kubeconfig?: string;
  /** Of pods, such as `gvisor`. Left out: the cluster's default. */
  readonly runtimeClass?: string;
  /** After this time the cluster ends a pod, whatever became of the service. */
  readonly deadlineSeconds: number;
  /** Signs of life on the connections to pods. Left out: every 15 s, and given up when four were not answered. */
  readonly rhythm?: Rhythm;
}
