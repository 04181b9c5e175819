import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A message in a channel as it is now. */
export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  readonly text: string;
  readonly blocks: string;
  /** How often it was changed. */
  readonly updates: number;
}

interface Button {
  readonly action_id: string;
  readonly value: string;
  readonly text: { readonly text: string };
}

/** A Slack of a spec's own, which speaks its Web API and posts signed clicks. */
export interface TestSlack {
  /** What `https://slack.com/api/` is elsewhere. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly signingSecret: string;
  readonly messages: readonly SlackMessage[];
  /** What single users were told, that nobody else sees. */
  readonly whispers: readonly { readonly user: string; readonly text: string }[];
  /** The next call is answered with 429, as busy workspaces do. */
  limitNext(retryAfterSeconds: number): void;
  /** E-mail addresses of users, by id. */
  know(user: string, email: string): void;
  /** The request that Slack makes when that user clicks the button with this label; `at`: when, in milliseconds since 1970. */
  click(
    message: SlackMessage,
    label: string,
    user: string,
    at?: number,
  ): { body: string; headers: Record<string, string> };
  close(): Promise<void>;
}

const [BOT_TOKEN, SIGNING_SECRET] = ['xoxb-spec-token', '8f742231b10e8888abcd99yyyzzz85a5'];

/** Listens on a free port of this machine. */
export async function testSlack(): Promise<TestSlack> {
  const messages = new Map<string, SlackMessage>();
  const [whispers, emails] = [[] as { user: string; text: string }[], new Map<string, string>()];
  let retryAfter: number | undefined;
  const methods: Readonly<Record<string, (given: URLSearchParams) => object>> = {
    'chat.postMessage': given => {
      const ts = `1763717551.${String(messages.size).padStart(6, '0')}`;
      messages.set(ts, messageOf(given, ts, 0));
      return { ok: true, channel: given.get('channel'), ts };
    },
    'chat.update': given => {
      const ts = given.get('ts') ?? '';
      const known = messages.get(ts);
      if (!known) return { ok: false, error: 'message_not_found' };
      messages.set(ts, messageOf(given, ts, known.updates + 1));
      return { ok: true, channel: given.get('channel'), ts };
    },
    'chat.postEphemeral': given => {
      whispers.push({ user: given.get('user') ?? '', text: given.get('text') ?? '' });
      return { ok: true, message_ts: '1' };
    },
    'users.info': given => {
      const user = given.get('user') ?? '';
      const email = emails.get(user);
      return email === undefined
        ? { ok: true, user: { id: user, profile: {} } }
        : { ok: true, user: { id: user, profile: { email } } };
    },
  };
  const server = createServer((request, reply) => {
    void text(request).then(body => {
      const method = methods[(request.url ?? '').replace(/^\/api\//, '')];
      const isKnown = request.headers.authorization === `Bearer ${BOT_TOKEN}`;
      const headers = { 'content-type': 'application/json' };
      if (retryAfter !== undefined) {
        reply
          .writeHead(429, { ...headers, 'retry-after': String(retryAfter) })
          .end('{"ok":false,"error":"ratelimited"}');
        retryAfter = undefined;
        return;
      }
      const answer = isKnown ? method?.(new URLSearchParams(body)) : { ok: false, error: 'invalid_auth' };
      reply.writeHead(200, headers).end(JSON.stringify(answer ?? { ok: false, error: 'unknown_method' }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ apiUrl: `http://127.0.0.1:${port}/api/`, botToken: BOT_TOKEN, signingSecret: SIGNING_SECRET, whispers },
    get messages() {
      return [...messages.values()];
    },
    limitNext: seconds => (retryAfter = seconds),
    know: (user, email) => void emails.set(user, email),
    click: (message, label, user, at = Date.now()) => signedClick(buttonOf(message, label), user, at),
    close: () => new Promise(resolve => server.close(() => resolve()).closeAllConnections()),
  };
}

function messageOf(given: URLSearchParams, ts: string, updates: number): SlackMessage {
  const [channel, text, blocks] = ['channel', 'text', 'blocks'].map(name => given.get(name) ?? '');
  return { channel: channel ?? '', text: text ?? '', blocks: blocks ?? '', ts, updates };
}

function buttonOf({ blocks }: SlackMessage, label: string): Button {
  const all = JSON.parse(blocks) as { readonly type: string; readonly elements?: readonly Button[] }[];
  const buttons = all.flatMap(({ type, elements = [] }) => (type === 'actions' ? elements : []));
  const found = buttons.find(button => button.text.text === label);
  if (!found) throw new Error(`There is no button ${label} among ${buttons.map(one => one.text.text).join(', ')}.`);
  return found;
}

/** As docs.slack.dev has it: a form with one field, and the HMAC of version, time and body. */
function signedClick({ action_id, value }: Button, user: string, at: number) {
  const action = { action_id, block_id: 'decide', type: 'button', value };
  const payload = {
    type: 'block_actions',
    user: { id: user },
    actions: [action],
    response_url: 'https://hooks.slack.com/x',
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(at / 1_000));
  const digest = createHmac('sha256', SIGNING_SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${digest}`,
  };
  return { body, headers };
}
