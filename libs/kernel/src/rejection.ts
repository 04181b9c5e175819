/** An expected "no": a value that callers must handle, not an exception. Nothing is stored. */
export interface Rejection<Code extends string = string> {
  readonly rejected: Code;
  /** One sentence for the person who asked. */
  readonly message: string;
  /** What would make the same request succeed. */
  readonly fix?: string;
  /** Further machine-readable particulars, one line per problem. */
  readonly details?: readonly Problem[];
}

/** One problem inside a rejected document or request. `line` and `column` count from 1. */
export interface Problem {
  readonly path: string;
  readonly message: string;
  readonly fix?: string;
  readonly line?: number;
  readonly column?: number;
}

export function reject<const Code extends string>(
  rejected: Code,
  message: string,
  more: { readonly fix?: string; readonly details?: readonly Problem[] } = {},
): Rejection<Code> {
  return { rejected, message, ...more };
}

export function isRejection(value: unknown): value is Rejection {
  return typeof value === 'object' && value !== null && 'rejected' in value;
}
