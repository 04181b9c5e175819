import { z } from 'zod';
import { beyondBytes } from './beyond-bytes.js';

/** What the programs' vendors call a request that a model answers, by the end of its path. */
const KINDS = ['messages', 'chat/completions', 'responses', 'responses/compact', 'completions'] as const;
type Kind = (typeof KINDS)[number];

/** Cost nothing, whoever asks: what a prompt would have in tokens, and what clients tell of themselves. */
const FREE = /\/messages\/count_tokens$|^\/api\/(event_logging|claude_code|claude_cli)[\w/.-]*$/;

/** What vendors put around a prompt themselves; in tokens. */
const AROUND = 2_048;
/** A picture takes as many tokens as its pixels, however few its bytes are; more than the dearest model of each family takes. */
const PER_PICTURE = { messages: 5_000, others: 50_000 };
/** As it stands in what goes out: a cache that is kept for longer has a price of its own. */
const FOR_AN_HOUR = '"ttl":"1h"';

const asked = z.looseObject({
  model: z.string().min(1).max(300),
  max_tokens: z.number().nonnegative().nullish(),
  max_completion_tokens: z.number().nonnegative().nullish(),
  max_output_tokens: z.number().nonnegative().nullish(),
  n: z.number().nullish(),
  best_of: z.number().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.record(z.string(), z.unknown()).nullish(),
  previous_response_id: z.string().nullish(),
  conversation: z.unknown().optional(),
});

/** A request as it goes out, and the most that it can use. */
export interface BoundedRequest {
  readonly body: Buffer;
  readonly model: string;
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  readonly keepsForAnHour?: true;
  /** Why nobody can say what it uses at most. */
  readonly unbounded?: string;
}

export type ReadRequest =
  /** No model is asked. */
  | { readonly kind: 'free' }
  | { readonly kind: 'bounded'; readonly request: BoundedRequest }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * What a request of a program can cost at most. Tokens are made of whole bytes, so that a prompt never has more tokens than its request has
 * bytes. A request that does not say how long its answer may get is told so, and one that streams is made to say what it used.
 */
export function readRequest(
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: Buffer },
  maxOutputTokens: number,
): ReadRequest {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || FREE.test(path)) return { kind: 'free' };
  const kind = method === 'POST' ? KINDS.find(one => path.endsWith(`/${one}`)) : undefined;
  if (!kind) return refused(`${method} ${path} is not passed on: nobody could say what it costs.`);
  const said = asked.safeParse(jsonOf(body)).data;
  if (!said) return refused('The request names no model, or is no JSON: nobody could say what it costs.');
  if (given(said.previous_response_id) || given(said.conversation)) {
    return refused(
      'The prompt is kept at the vendor (previous_response_id, conversation): nobody could say how long it is.',
    );
  }
  const own = ownLimit(kind, said);
  const answers = Math.max(1, Math.ceil(said.n ?? 1), Math.ceil(said.best_of ?? 1));
  const told = { ...said, ...limited(kind, own, maxOutputTokens), ...streamed(kind, said) };
  const out = Buffer.from(JSON.stringify(told));
  const { pictures, because } = beyondBytes(told);
  const perPicture = kind === 'messages' ? PER_PICTURE.messages : PER_PICTURE.others;
  const request = {
    body: out,
    model: said.model,
    inputTokens: AROUND + Math.max(out.length, body.length) + pictures * perPicture,
    maxOutputTokens: Math.ceil(own ?? maxOutputTokens) * answers,
    ...(out.includes(FOR_AN_HOUR) && { keepsForAnHour: true as const }),
    ...(because !== undefined && { unbounded: because }),
  };
  if (!Number.isSafeInteger(request.maxOutputTokens)) return refused('Its answer may get longer than any is.');
  return { kind: 'bounded', request };
}

type Limit = 'max_tokens' | 'max_completion_tokens' | 'max_output_tokens';

/** How each says how long an answer may get, today's name first. A limit by another kind's name limits nothing. */
const LIMITS: Readonly<Record<Kind, readonly Limit[]>> = {
  messages: ['max_tokens'],
  'chat/completions': ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  // It sums a conversation up, and takes no limit.
  'responses/compact': [],
  completions: ['max_tokens'],
};

/** Which of two limits a vendor keeps to is its own affair: the longer one counts. */
function ownLimit(kind: Kind, said: z.infer<typeof asked>): number | undefined {
  const limits = LIMITS[kind].flatMap(name => said[name] ?? []);
  return limits.length === 0 ? undefined : Math.max(...limits);
}

function limited(kind: Kind, own: number | undefined, most: number): object {
  const [name] = LIMITS[kind];
  return own === undefined && name !== undefined ? { [name]: most } : {};
}

function streamed(kind: Kind, { stream, stream_options: options }: z.infer<typeof asked>): object {
  const tellsNothing = kind === 'chat/completions' || kind === 'completions';
  return stream && tellsNothing ? { stream_options: { ...options, include_usage: true } } : {};
}

function refused(message: string): ReadRequest {
  return { kind: 'refused', message };
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // whoever reads it says what is wrong
  }
}
