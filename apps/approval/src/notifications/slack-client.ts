import { LogLevel, WebClient } from '@slack/web-api';
import type { Logger } from '@slack/web-api';
import { DeliveryError } from './delivery-errors.js';

const ANSWERS_WITHIN_MS = 10_000;

/** Says nothing: what goes wrong is thrown, and tokens are in what it would say. */
const SILENT_LOGGER: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

/** What goes away by itself; anything else that Slack refuses, people have to put right (docs.slack.dev, errors of chat.postMessage). */
const PASSING = ['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited'];

/** Tries each call once: when it is tried again is decided where notices are kept. */
export function slackClient(slackApiUrl: string, botToken: string, timeout = ANSWERS_WITHIN_MS): WebClient {
  return new WebClient(botToken, {
    ...{ slackApiUrl, timeout, logger: SILENT_LOGGER },
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
  });
}

/** What Slack's client threw, as an error of delivery. */
export function slackError(error: unknown): DeliveryError {
  const { code, retryAfter, statusCode, data } = error as {
    readonly code?: string;
    readonly retryAfter?: number;
    readonly statusCode?: number;
    readonly data?: { readonly error?: string };
  };
  if (retryAfter !== undefined) {
    return new DeliveryError('RATE_LIMITED', 'Slack takes no more messages for now.', {
      ...{ retryAfterMs: retryAfter * 1_000, cause: error },
    });
  }
  if (statusCode !== undefined) {
    return new DeliveryError(`HTTP_${statusCode}`, `Slack answered with status ${statusCode}.`, { cause: error });
  }
  const refused = data?.error;
  if (refused !== undefined) {
    const final = !PASSING.includes(refused);
    return new DeliveryError(refused.toUpperCase(), `Slack refused it: ${refused}.`, { final, cause: error });
  }
  if (code?.startsWith('slack_') === true) {
    return new DeliveryError('UNREACHABLE', 'Slack could not be reached.', { cause: error });
  }
  throw error;
}
