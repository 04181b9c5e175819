/** Codes of what passes by itself: the same request may be sent again. */
const PASSING: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'LAGGED',
  'TOKEN_ENDED',
  'UNAVAILABLE',
  'READ_MODEL_BEHIND',
  'PLATFORM_STARTING',
  'RATE_LIMITED',
]);

/** An error as the API sends it. */
export interface ApiError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly fix?: string };
}

/** The API could not be asked, or answered with errors. Refusals are no errors: they are members of a mutation's result. */
export class RunledgerError extends Error {
  override readonly name = 'RunledgerError';

  constructor(
    /** `CONNECTION_LOST`, `LAGGED`, `CURSOR_EXPIRED`, or what the API says: `UNAUTHENTICATED`, `NOT_FOUND`, `RATE_LIMITED`, … */
    readonly code: string,
    message: string,
    readonly more: {
      /** What would help, in the API's words. */
      readonly fix?: string | undefined;
      /** How long the API asks to be left alone, in ms. */
      readonly retryAfterMs?: number | undefined;
      /** Of `CURSOR_EXPIRED`: the position behind which everything can be read. */
      readonly oldest?: string | undefined;
      /** Of `CURSOR_EXPIRED`: why the cursor does not count, as in the schema. */
      readonly reason?: string | undefined;
      /** All of them, when the API answered with several. */
      readonly errors?: readonly ApiError[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
  }

  /** Whether it passes by itself. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }
}

/** Of several errors the first speaks for all. */
export function errorOf(
  errors: readonly ApiError[],
  more: { readonly retryAfterMs?: number | undefined } = {},
): RunledgerError {
  const [first] = errors;
  const { code = 'INTERNAL_SERVER_ERROR', fix } = first?.extensions ?? {};
  return new RunledgerError(code, first?.message ?? 'The API answered without saying what is wrong.', {
    ...more,
    fix,
    errors,
  });
}

/** A browser does not tell a page whether nobody answered or the platform does not let it ask. */
export function whyUnreached(): string {
  const origin = (globalThis as { readonly location?: { readonly origin?: string } }).location?.origin;
  const toRun = 'Look whether the platform runs at this address';
  return origin === undefined ? `${toRun}.` : `${toRun}, and whether its CORS_ORIGINS names ${origin}.`;
}
