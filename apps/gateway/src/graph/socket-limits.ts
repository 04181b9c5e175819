/** What one socket is held to. */
export interface SocketLimits {
  /** From the opening of the socket to `connection_init`. */
  readonly initMs: number;
  /** Operations that are open at a time on one socket, subscriptions and queries together. */
  readonly operations: number;
  /** How much may wait in memory for a reader, in bytes; one item for each of its subscriptions comes on top. */
  readonly waitingBytes: number;
  /** For how long a reader may leave that much unread before it is told that it lags. */
  readonly patienceMs: number;
  /** Between two signs of life; a reader that leaves one unanswered for as long has gone. */
  readonly aliveMs: number;
  /** Between two looks at whether tokens of open sockets still count. */
  readonly recheckMs: number;
}

export const SOCKET_LIMITS: SocketLimits = {
  initMs: 3_000,
  operations: 100,
  waitingBytes: 262_144,
  patienceMs: 5_000,
  aliveMs: 12_000,
  recheckMs: 5_000,
};

/** Largest message on a socket, in bytes: documents are short, and files travel elsewhere. */
export const MAX_MESSAGE_BYTES = 1_000_000;

/** Codes with which the platform closes sockets, beside those of `graphql-transport-ws`. */
export const CLOSE = {
  /** The only subscription of the socket had a cursor that does not count any more. */
  cursorExpired: 4410,
  /** The reader is too slow. */
  lagged: 4411,
  /** Too much was asked with this token within a minute. */
  tooManyRequests: 4429,
  /** The token has expired or was revoked. */
  tokenEnded: 4430,
} as const;
