/** What a provider complains of in the middle of an answer, where there is no status of HTTP to tell it by. */
export interface StreamComplaint {
  readonly message: string;
  readonly type: string | undefined;
  readonly code: string | number | undefined;
  /** As HTTP would have said it. */
  readonly statusCode: number | undefined;
  readonly isRetryable: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Each vendor, and each server that imitates one, has a shape of its own. Undefined: it is none in which anybody complains. */
export function complaintOf(said: unknown): StreamComplaint | undefined {
  const outer = fieldsOf(said);
  if (!outer) return undefined;
  const inner = fieldsOf(fieldsOf(outer['response'])?.['error']) ?? fieldsOf(outer['error']) ?? outer;
  const { message } = inner;
  if (typeof message !== 'string') return undefined;
  const either = <Value>(name: string, read: (value: unknown) => Value | undefined): Value | undefined =>
    read(inner[name]) ?? read(outer[name]);
  const named = STATUS_FIELDS.map(name => either(name, statusOf)).find(status => status !== undefined);
  const meant = SENTENCES.get(message.trim().toLowerCase());
  const statusCode = named ?? meant;
  return {
    message,
    type: either('type', textOf),
    code: either('code', value => (typeof value === 'number' ? value : textOf(value))),
    statusCode,
    isRetryable:
      either('isRetryable', flagOf) ?? either('is_retryable', flagOf) ?? (meant !== undefined || passes(statusCode)),
  };
}

const STATUS_FIELDS = ['statusCode', 'status_code', 'status', 'code'];

/** What servers say that send nothing but a sentence. */
const SENTENCES: ReadonlyMap<string, number> = new Map([
  ['overloaded', 503],
  ['overloaded error', 503],
  ['model overloaded', 503],
  ['internal server error', 500],
  ['service unavailable', 503],
]);

function passes(status: number | undefined): boolean {
  return status !== undefined && (status === 408 || status === 409 || status === 429 || status >= 500);
}

function statusOf(value: unknown): number | undefined {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}
