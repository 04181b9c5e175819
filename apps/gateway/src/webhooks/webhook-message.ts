import type { InputOf, Json, StartRun } from '@runledger/contracts';
import { valueAt } from './json-pointer.js';
import type { WebhookView } from './webhooks.projection.js';

type StartCommand = InputOf<typeof StartRun>;

/** A message whose signature was good. */
export interface Message {
  /** Unique for each thing that happened. */
  readonly deliveryId: string;
  readonly payload: Json;
}

/** The start that a message asks for. The same message asks for the same run. */
export function startFor(
  { webhookId, kind, start, mapping }: WebhookView,
  { deliveryId, payload }: Message,
): StartCommand {
  const mapped = Object.entries(mapping).flatMap(([name, pointer]) => {
    const value = valueAt(payload, pointer);
    return value === undefined ? [] : [[name, value] as const];
  });
  const subject = kind === 'GITHUB' ? pullRequestOf(payload) : start.subject;
  return {
    ...start,
    parameters: { ...start.parameters, ...Object.fromEntries(mapped) },
    trigger: { kind: kind === 'GITHUB' ? 'pull_request' : 'webhook', ref: webhookId },
    ...(subject === undefined ? {} : { subject }),
    idempotencyKey: `hook ${webhookId} ${deliveryId}`,
  };
}

/** Why a message of GitHub starts nothing, in words; undefined when it does. */
export function ignoredBecause({ actions }: WebhookView, event: string | undefined, payload: Json): string | undefined {
  if (event !== 'pull_request')
    return `${event ?? 'A message without X-GitHub-Event'} starts nothing; pull_request does.`;
  const action = text(payload, '/action');
  return action !== undefined && actions.includes(action)
    ? undefined
    : `A pull request ${action ?? ''} starts nothing here.`;
}

function pullRequestOf(payload: Json): StartCommand['subject'] {
  const repository = text(payload, '/repository/full_name');
  const number = valueAt(payload, '/pull_request/number');
  if (repository === undefined || typeof number !== 'number') return undefined;
  const url = text(payload, '/pull_request/html_url');
  const context = {
    title: text(payload, '/pull_request/title') ?? '',
    author: text(payload, '/pull_request/user/login') ?? '',
    branch: text(payload, '/pull_request/head/ref') ?? '',
    sha: text(payload, '/pull_request/head/sha') ?? '',
    base: text(payload, '/pull_request/base/ref') ?? '',
  };
  const place = url !== undefined && URL.canParse(url) ? { url } : {};
  return { kind: 'pull_request', id: `${repository}#${number}`, ...place, context };
}

function text(payload: Json, pointer: string): string | undefined {
  const value = valueAt(payload, pointer);
  return typeof value === 'string' ? value : undefined;
}
