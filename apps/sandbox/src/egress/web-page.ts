import type { HttpAnswer } from '../http/http-answer.js';
import type { HttpClient } from '../http/http-client.js';
import type { EgressPolicy } from './egress-policy.js';
import { isForeignPort } from './foreign-ports.js';
import { pinnedClient } from './pinned-client.js';

export interface PageRequest {
  readonly url: string;
  readonly policy: EgressPolicy;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a server answered with, after its redirects. */
export interface FetchedPage {
  readonly url: string;
  readonly status: number;
  /** Without parameters, in lower case; empty: the server did not say. */
  readonly mediaType: string;
  readonly text: string;
  /** The server had more to say than {@link MOST_BYTES}. */
  readonly cut: boolean;
}

export type PageOutcome = { readonly page: FetchedPage } | { readonly refused: string } | { readonly failed: string };

/** After unpacking: a small answer may unpack to a very long one. */
export const MOST_BYTES = 2_097_152;
const MOST_REDIRECTS = 5;
const USER_AGENT = 'runledger-agent';

/** Fetches a page from outside of the sandbox, by the same policy as programs inside (S1). Each redirect is a new question. */
export async function fetchPage(request: PageRequest): Promise<PageOutcome> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)]);
  let url = request.url;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const found = await hopTo(url, request.policy, signal);
    if (!('next' in found)) return found;
    url = found.next;
  }
  return { failed: `More than ${MOST_REDIRECTS} redirects follow each other.` };
}

type Hop = PageOutcome | { readonly next: string };

async function hopTo(text: string, policy: EgressPolicy, signal: AbortSignal): Promise<Hop> {
  if (!URL.canParse(text)) return { refused: `${text} is not a URL.` };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { refused: `${url.protocol} is not http or https.` };
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (isForeignPort(port)) return { refused: `${url.host} is refused: port ${port} is for something else than HTTP.` };
  const verdict = await policy.verdictOn({ host: url.hostname, port });
  if (!verdict.allowed) return { refused: `${url.host} is refused: ${verdict.reason}.` };
  const client = pinnedClient(verdict);
  try {
    return await ask(url, client, signal);
  } catch (error) {
    return { failed: `${url.host} did not answer: ${reasonOf(error, signal)}.` };
  } finally {
    client.close();
  }
}

async function ask(url: URL, client: HttpClient, signal: AbortSignal): Promise<Hop> {
  const headers = { 'user-agent': USER_AGENT, accept: 'text/html, text/*, application/json, */*;q=0.1' };
  const response = await client.fetch(url, { signal, redirect: 'manual', headers });
  const location = response.headers.get('location');
  if (response.status >= 300 && response.status < 400 && location !== null) {
    return { next: new URL(location, url).href };
  }
  const type = response.headers.get('content-type') ?? '';
  const mediaType = (type.split(';')[0] ?? '').trim().toLowerCase();
  if (!isText(mediaType)) return { failed: `${url.href} is ${mediaType}, not text.` };
  const { bytes, cut } = await read(response);
  const text = decoderFor(type).decode(bytes);
  return { page: { url: url.href, status: response.status, mediaType, text, cut } };
}

async function read(response: HttpAnswer): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    chunks.push(piece);
    size += piece.length;
    if (size > MOST_BYTES) break;
  }
  return { bytes: Buffer.concat(chunks).subarray(0, MOST_BYTES), cut: size > MOST_BYTES };
}

function isText(mediaType: string): boolean {
  return (
    mediaType === '' ||
    mediaType.startsWith('text/') ||
    /^application\/(.*\+)?(json|xml|javascript|yaml|x-ndjson|x-yaml)$/.test(mediaType)
  );
}

function decoderFor(type: string) {
  const charset = /charset="?([^";\s]+)/i.exec(type)?.[1];
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder(); // a name that nobody knows
  }
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it took too long';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
}
