import { Agent, fetch } from 'undici';
import type { Response } from 'undici';
import { isIP } from 'node:net';
import type { EgressPolicy, EgressVerdict } from './egress-policy.js';

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
  const verdict = await policy.verdictOn({ host: url.hostname, port });
  if (!verdict.allowed) return { refused: `${url.host} is refused: ${verdict.reason}.` };
  const agent = agentFor(verdict);
  try {
    return await ask(url, agent, signal);
  } catch (error) {
    return { failed: `${url.host} did not answer: ${reasonOf(error, signal)}.` };
  } finally {
    await agent.destroy();
  }
}

/** Connects to the address that was checked, whatever the name leads to by now. */
export function agentFor({ address }: Extract<EgressVerdict, { allowed: true }>): Agent {
  const found = [{ address, family: isIP(address) }];
  return new Agent({ connect: { timeout: 15_000, lookup: (_host, _options, answer) => answer(null, found) } });
}

async function ask(url: URL, dispatcher: Agent, signal: AbortSignal): Promise<Hop> {
  const headers = { 'user-agent': USER_AGENT, accept: 'text/html, text/*, application/json, */*;q=0.1' };
  const response = await fetch(url, { dispatcher, signal, redirect: 'manual', headers });
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

async function read(response: Response): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const piece = chunk as Uint8Array;
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
  return cause instanceof Error ? cause.message : String(cause);
}
