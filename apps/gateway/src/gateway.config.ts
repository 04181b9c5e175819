import type { Log, MetricsAccess } from '@runledger/platform';
import type { SocketLimits } from './graph/socket-limits.js';
import type { OperationSettings } from './stored-operations/stored-operations.js';

/** How a gateway is set up; the launcher reads the environment and passes it in. */
export interface GatewayOptions {
  /** Of the PostgreSQL that also holds the consumers' checkpoints: rows and checkpoint commit together (P1). */
  readonly databaseUrl: string;
  /** 32 secret bytes (`openSecretBytes`): token hashes and cursors depend on them. */
  readonly pepper: Buffer;
  /** Names this process in the checkpoints. */
  readonly owner: string;
  /** SDL of fields that other modules beside the gateway resolve. */
  readonly typeDefs?: readonly string[];
  /** Whether clients may ask for the schema; default true. */
  readonly introspection?: boolean;
  /** How many requests, and operations on sockets, one caller may send in a minute; default 0: any number. */
  readonly requestsPerMinute?: number;
  /** Origins whose pages may call the API from a browser; default: none but our own. */
  readonly corsOrigins?: readonly string[];
  /** Where people may sign in beside API tokens; default: nowhere. */
  readonly identityProvider?: IdentityProviderSettings;
  /** Whether the console and the explorer are served; default true. */
  readonly pages?: boolean;
  /** Who may read `/metrics`; default: programs on this machine. */
  readonly metrics?: MetricsAccess;
  /** What webhooks are held to; default {@link WEBHOOK_LIMITS}. */
  readonly webhooks?: WebhookLimits;
  /** Which operations clients may send; default: any. */
  readonly operations?: OperationSettings;
  /** What sockets are held to; default {@link SOCKET_LIMITS}. */
  readonly sockets?: Partial<SocketLimits>;
  /** What is told of read models; default: nothing. */
  readonly log?: Log;
}

/** Where people sign in, by OpenID Connect. */
export interface IdentityProviderSettings {
  /** As the provider writes itself into its tokens: `https://…`. */
  readonly issuer: string;
  /** Whom its tokens must be for. */
  readonly audience: string;
}

/** What webhooks are held to. */
export interface WebhookLimits {
  /** For how many days a message of GitHub's is known again; whole ones, from 1. */
  readonly keptDays: number;
  /** How many messages each webhook takes in a minute, all at once or spread over it; whole ones, from 1. */
  readonly perMinute: number;
}

export const WEBHOOK_LIMITS: WebhookLimits = { keptDays: 30, perMinute: 300 };

export const GATEWAY_OPTIONS = Symbol('GatewayOptions');

/** Largest request body, in bytes. */
export const MAX_BODY_BYTES = 4_000_000;
