import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { DockerSettings } from './docker-settings.js';
import type { KubernetesSettings } from './kubernetes-settings.js';

/** What operators say of the engines that sandboxes may be made with; a part of the sandbox service's variables. */
export const containerVariables = {
  RUNLEDGER_DOCKER_HOST: z
    .string()
    .regex(/^unix:\/\/\/\S+$/, 'not unix:// and the path of a socket on this machine')
    .optional()
    .describe(
      'where the Docker Engine listens, such as unix:///var/run/docker.sock; without it no profile uses Docker',
    ),
  RUNLEDGER_DOCKER_RUNTIME: z
    .string()
    .min(1)
    .optional()
    .describe('the runtime of its containers, as the engine knows it, such as runsc; by default runc'),
  RUNLEDGER_DOCKER_PULL: z
    .enum(['missing', 'never'])
    .default('missing')
    .describe('whether an image that is not on this machine is fetched when a step needs it'),
  RUNLEDGER_KUBERNETES_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'not the name of a namespace')
    .optional()
    .describe('the namespace in which pods for sandboxes are made; without it no profile uses Kubernetes'),
  RUNLEDGER_KUBERNETES_KUBECONFIG: z
    .string()
    .refine(isAbsolute, 'not an absolute path')
    .optional()
    .describe('a kubeconfig file; by default the service account that the cluster mounts into the pod of the service'),
  RUNLEDGER_KUBERNETES_RUNTIME_CLASS: z
    .string()
    .min(1)
    .optional()
    .describe('the runtime class of those pods, such as gvisor; by default that of the cluster'),
  RUNLEDGER_KUBERNETES_DEADLINE_SECONDS: z.coerce
    .number()
    .int()
    .min(60)
    .max(2_592_000)
    .default(86_400)
    .describe('after this time the cluster ends a pod, whatever became of the service'),
};

/** The engines that profiles may name. */
export interface ContainerSettings {
  readonly docker?: DockerSettings;
  readonly kubernetes?: KubernetesSettings;
}

type Values = z.output<z.ZodObject<typeof containerVariables>>;

export function containerSettings(values: Values): ContainerSettings {
  return { ...dockerOf(values), ...kubernetesOf(values) };
}

function dockerOf(values: Values): ContainerSettings {
  const { RUNLEDGER_DOCKER_HOST: host, RUNLEDGER_DOCKER_RUNTIME: runtime, RUNLEDGER_DOCKER_PULL: pull } = values;
  if (host === undefined) return {};
  return { docker: { socketPath: host.slice('unix://'.length), pull, ...(runtime !== undefined && { runtime }) } };
}

function kubernetesOf(values: Values): ContainerSettings {
  const { RUNLEDGER_KUBERNETES_KUBECONFIG: kubeconfig, RUNLEDGER_KUBERNETES_RUNTIME_CLASS: runtimeClass } = values;
  const namespace = values.RUNLEDGER_KUBERNETES_NAMESPACE;
  if (namespace === undefined) return {};
  const given = {
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(runtimeClass !== undefined && { runtimeClass }),
  };
  return { kubernetes: { namespace, deadlineSeconds: values.RUNLEDGER_KUBERNETES_DEADLINE_SECONDS, ...given } };
}
