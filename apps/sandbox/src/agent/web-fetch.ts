import type { ToolDetail } from '@runledger/contracts';
import type { ToolCallPart } from '@ai-sdk/provider-utils';
import { headOf } from '../attempt/storable-text.js';
import type { ToolCallResult } from '../attempt/tool-call.js';
import { EgressPolicy } from '../egress/egress-policy.js';
import type { FetchedPage } from '../egress/web-page.js';
import type { AgentRun } from './agent-run.js';
import { recordedWork } from './recorded-call.js';
import type { WorkResult } from './recorded-call.js';
import { toolInputs } from './tool-inputs.js';

const FETCH_MS = 30_000;
const READ_CHARS = 20_000;
const PREVIEW_CHARS = 2_000;
/** What people read first: without the menus around it where a page says which part that is. */
const READABLE = ['main', 'article', '[role=main]', 'body'];

/** Fetches what the policy of the sandbox profile allows, and answers with what a person would read of it. */
export async function fetchForAgent(run: AgentRun, callId: string, call: ToolCallPart): Promise<ToolCallResult> {
  const { url, max_chars: most = READ_CHARS } = toolInputs.web_fetch.parse(call.input);
  return recordedWork(run, { callId, call, detail: { kind: 'fetch', url }, repeatable: true }, async () => {
    const policy = new EgressPolicy(run.egress);
    const timeoutMs = Math.min(FETCH_MS, run.remainingMs());
    const { fetchPage } = await import('../egress/web-page.js'); // few agents fetch anything
    const outcome = await fetchPage({ url, policy, timeoutMs, signal: run.stop.signal });
    if ('refused' in outcome) return failed('EGRESS_REFUSED', outcome.refused);
    if ('failed' in outcome) return failed('FETCH_FAILED', outcome.failed);
    return resultOf(outcome.page, url, most);
  });
}

async function resultOf(page: FetchedPage, asked: string, most: number): Promise<WorkResult> {
  const text = page.mediaType === 'text/html' ? await readable(page) : page.text;
  const shown = headOf(text, most);
  const cut =
    shown.length < text.length || page.cut ? `\n[cut here; the whole has ${text.length} characters or more]` : '';
  const { url, status, mediaType } = page;
  const preview = headOf(text, PREVIEW_CHARS);
  const detail: ToolDetail = { kind: 'fetch', url: asked, finalUrl: url, status, mediaType, preview };
  const output = `${url}\n\n${shown}${cut}`;
  if (status < 400) return { output, detail };
  return { output, detail, error: { code: 'HTTP_STATUS', message: `The server answered with status ${status}.` } };
}

/** The library is loaded when it is first needed: most agents fetch nothing. */
async function readable({ text, url }: FetchedPage): Promise<string> {
  const { convert } = await import('html-to-text');
  return convert(text, {
    wordwrap: false,
    baseElements: { selectors: READABLE, returnDomByDefault: true },
    limits: { maxDepth: 200 },
    selectors: [
      { selector: 'a', options: { baseUrl: url, hideLinkHrefIfSameAsText: true, ignoreAnchors: true } },
      { selector: 'img', format: 'skip' },
      ...['nav', 'script', 'style', 'noscript'].map(selector => ({ selector, format: 'skip' })),
    ],
  });
}

function failed(code: string, message: string): WorkResult {
  return { output: message, error: { code, message } };
}
