import type { V1NetworkPolicy, V1Pod } from '@kubernetes/client-node';
import type { ProfileDefinition } from '@runledger/contracts';
import { CALLS_DIRECTORY, KEEPER } from './container-scripts.js';
import type { KubernetesSettings } from './kubernetes-settings.js';

export const POD_CONTAINER = 'sandbox';
const MANAGED = { 'app.kubernetes.io/managed-by': 'runledger-sandbox' };
export const HOME_LABEL = 'runledger.dev/home';
export const RUN_ANNOTATION = 'runledger.dev/run';
const POLICY_NAME = 'runledger-sandboxes';

const AGENT_UID = 10_001;
const SHM_SHARE = 4;
/** Spools of calls that are under way, two channels each. */
const SPOOLED_CALLS = 4;

export interface PodIdentity {
  readonly name: string;
  readonly runId: string;
  /** Of the service's directory, so that its next process finds what it left. */
  readonly home: string;
}

/** A pod as the restricted Pod Security Standard wants it, with the profile's limits as far as Kubernetes has them. */
export function podManifest(
  { name, runId, home }: PodIdentity,
  profile: ProfileDefinition & { readonly image: string },
  settings: KubernetesSettings,
): V1Pod {
  const { memoryBytes, cpuPercent, workspaceBytes, tmpBytes, outputBytes } = profile.limits;
  const held = { memory: String(memoryBytes), cpu: `${cpuPercent * 10}m` };
  const disk = String(2 * workspaceBytes + SPOOLED_CALLS * outputBytes);
  const empty = (volume: string, bytes: number, medium?: 'Memory') => ({
    name: volume,
    emptyDir: { sizeLimit: String(bytes), ...(medium && { medium }) },
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { ...MANAGED, [HOME_LABEL]: home }, annotations: { [RUN_ANNOTATION]: runId } },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: settings.deadlineSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      shareProcessNamespace: true, // the cluster's own first process buries those that nobody waits for
      hostname: 'sandbox',
      ...(settings.runtimeClass !== undefined && { runtimeClassName: settings.runtimeClass }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: AGENT_UID,
        runAsGroup: AGENT_UID,
        fsGroup: AGENT_UID,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: POD_CONTAINER,
          image: profile.image,
          command: ['/bin/sh', '-c', KEEPER],
          stdin: true,
          stdinOnce: false,
          workingDir: '/workspace',
          env: [{ name: 'HOME', value: '/home/agent' }],
          resources: {
            limits: { ...held, 'ephemeral-storage': disk },
            requests: { memory: String(Math.ceil(memoryBytes / 4)), cpu: '50m', 'ephemeral-storage': '64Mi' },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            privileged: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [
            { name: 'workspace', mountPath: '/workspace' },
            { name: 'home', mountPath: '/home/agent' },
            { name: 'calls', mountPath: CALLS_DIRECTORY },
            { name: 'tmp', mountPath: '/tmp' },
            { name: 'shm', mountPath: '/dev/shm' },
          ],
        },
      ],
      volumes: [
        empty('workspace', workspaceBytes),
        empty('home', workspaceBytes),
        empty('calls', SPOOLED_CALLS * outputBytes),
        empty('tmp', tmpBytes, 'Memory'),
        empty('shm', Math.ceil(tmpBytes / SHM_SHARE), 'Memory'),
      ],
    },
  };
}

/** Nothing comes in and nothing goes out, where the cluster's network keeps to policies. */
export function denyAll(): V1NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: POLICY_NAME, labels: MANAGED },
    spec: { podSelector: { matchLabels: MANAGED }, policyTypes: ['Ingress', 'Egress'] },
  };
}

/** What a policy of that name lets through that {@link denyAll} does not; undefined: it holds every pod of the service. */
export function letThroughBy({ spec }: V1NetworkPolicy): string | undefined {
  const { podSelector, policyTypes = [], ingress = [], egress = [] } = spec ?? {};
  const asked = Object.entries(podSelector?.matchLabels ?? {});
  const isMissed = asked.some(([label, value]) => (MANAGED as Readonly<Record<string, string>>)[label] !== value);
  if (!spec || isMissed || (podSelector?.matchExpressions ?? []).length > 0)
    return 'it does not hold all pods of sandboxes';
  const open = [
    ...(policyTypes.includes('Ingress') && ingress.length === 0 ? [] : ['in']),
    ...(policyTypes.includes('Egress') && egress.length === 0 ? [] : ['out']),
  ];
  return open.length === 0 ? undefined : `it lets something ${open.join(' and ')}`;
}
