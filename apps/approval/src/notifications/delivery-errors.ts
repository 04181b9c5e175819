/** The other side did not take a message. */
export class DeliveryError extends Error {
  /** True: it never will. */
  readonly final: boolean;
  /** The other side wants to be left alone for so long, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: string,
    message: string,
    {
      final = false,
      retryAfterMs,
      cause,
    }: { final?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.final = final;
    this.retryAfterMs = retryAfterMs;
  }
}

/** How long `Retry-After` asks for, in milliseconds: seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfterIn(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
