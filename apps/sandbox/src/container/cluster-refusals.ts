import { SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { EngineSilentError } from './container-faults.js';

/** An answer of an API server that is no success. */
export interface ClusterAnswer {
  readonly code: number;
  /** As it came: an object of kind `Status`, the text of one, or what somebody in between has said. */
  readonly body: unknown;
}

/** What was asked for, as `kubectl auth can-i` knows it. */
export interface ClusterRight {
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
}

const MOST_CHARS = 500;

/** What an API server refuses is for the operator to mend; what it cannot do at the moment may pass. Unknown answers are not explained. */
export function refusalBy(answer: ClusterAnswer, right: ClusterRight): Error | undefined {
  const { code } = answer;
  const { verb, resource, namespace } = right;
  const said = saidIn(answer.body) ?? `HTTP ${code}`;
  if (code === 401) {
    return new SandboxUnavailableError(
      `the cluster does not know who asks (${said})`,
      'give the service a credential that is valid: its service account, or RUNLEDGER_KUBERNETES_KUBECONFIG',
    );
  }
  if (code === 403 && /exceeded quota/.test(said)) {
    const fix = `kubectl describe resourcequota --namespace ${namespace}`;
    return new SandboxUnavailableError(`namespace ${namespace} has no room for it (${said})`, fix);
  }
  if (code === 403 && /violates PodSecurity|denied the request|limitrange|maximum .* usage per/i.test(said)) {
    const fix = `kubectl get limitrange,resourcequota --namespace ${namespace}; kubectl get namespace ${namespace} --show-labels`;
    return new SandboxUnavailableError(`namespace ${namespace} does not admit it (${said})`, fix);
  }
  if (code === 403) {
    return new SandboxUnavailableError(
      `the cluster does not allow to ${verb} ${resource} (${said})`,
      `kubectl auth can-i ${verb} ${resource} --namespace ${namespace}`,
    );
  }
  if (code === 408 || code === 429 || code >= 500) return silent(namespace, said);
  return undefined;
}

/** Of a WebSocket that was not opened; undefined: there is nothing to connect to, such as a pod that is gone. */
export function upgradeRefusal(answer: ClusterAnswer, right: ClusterRight): Error | undefined {
  const known = refusalBy(answer, right);
  const isStatus = statusIn(answer.body) !== undefined;
  if (known && (isStatus || answer.code === 401)) return known;
  if ([400, 404, 409].includes(answer.code) && isStatus && !/upgrade request required/i.test(saidIn(answer.body) ?? ''))
    return undefined;
  if (known && answer.code !== 403) return known;
  return new SandboxUnavailableError(
    `the way to the API server passes no WebSockets on (HTTP ${answer.code}), and nothing is started in a pod without`,
    'let what is in between, such as a proxy that knows only SPDY, pass the header Upgrade: websocket',
  );
}

export function silent(namespace: string, reason: unknown): EngineSilentError {
  return new EngineSilentError(`The Kubernetes API (namespace ${namespace})`, reason);
}

/** The words of an API server about what it did not do. */
export function saidIn(body: unknown): string | undefined {
  return statusIn(body)?.message?.slice(0, MOST_CHARS);
}

function statusIn(body: unknown): { readonly message?: string } | undefined {
  const value = typeof body === 'string' ? parsed(body) : body;
  const isStatus = typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'Status';
  return isStatus ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // somebody else's page
  }
}
