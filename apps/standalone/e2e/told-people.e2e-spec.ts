import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually, testDatabase, testMailServer, testSlack } from '@runledger/testing';
import type { SlackMessage, TestDatabase, TestMailServer, TestSlack } from '@runledger/testing';
import { profileNamed } from './counted-work.fixture.js';
import { build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const PUBLIC_URL = 'https://runledger.example';

/** Steps that only ask people: no sandbox is needed. */
const ASKING = `
slug: release
name: Release
defaults: { profile: small }
steps:
  - key: alone
    gate: Ship it?
  - key: together
    needs: [alone]
    gate: { message: All of you?, count: 2 }
  - key: slow
    needs: [together]
    gate: { message: Anybody there?, timeout: 5s, onTimeout: SKIP }
`;

const ADD = `mutation ($input: NotificationChannelInput!) { addNotificationChannel(input: $input) {
  __typename ... on AddedNotificationChannel { signingSecret channel { id slackChannel } } ... on Refusal { code message } } }`;
const MEMBER = `mutation ($input: MemberInput!) { addMember(input: $input) {
  ... on AddedMember { secret member { id } } ... on Refusal { code message } } }`;

interface Added {
  readonly addNotificationChannel: { readonly signingSecret?: string; readonly channel?: { readonly id: string } };
}

interface Decided {
  readonly approvals: readonly {
    readonly votes: readonly { readonly by: { readonly via: string } }[];
    readonly decision: object | null;
  }[];
}

describe('people who are told where they are', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;
  let slack: TestSlack;
  let mail: TestMailServer;
  let platform: PlatformProcess;

  beforeAll(async () => {
    build();
    [database, slack, mail] = await Promise.all([testDatabase(), testSlack(), testMailServer()]);
    platform = await home.start({
      ...{ RUNLEDGER_SAMPLE: 'off', DATABASE_URL: database.url, NOTIFY_PUBLIC_URL: PUBLIC_URL },
      NOTIFY_PRIVATE_NETWORKS: '127.0.0.1',
      ...{ NOTIFY_SLACK_URL: slack.apiUrl, NOTIFY_SMTP_URL: mail.url, NOTIFY_MAIL_FROM: 'runledger@acme.example' },
    });
    await platform.api.publishProfile(profileNamed('small'));
    await platform.api.publishFlow(ASKING);
    for (const [name, scopes] of [
      ['grace', ['FLOWS_READ', 'FLOWS_RUN']],
      ['linus', ['FLOWS_READ', 'FLOWS_RUN']],
      ['eve', ['FLOWS_READ']],
    ] as const) {
      await graphql(MEMBER, { input: { name, email: `${name}@acme.example`, scopes } });
      slack.know(`U0${name.toUpperCase()}`, `${name}@acme.example`);
    }
    slack.know('U0STRANGER', 'stranger@elsewhere.example');
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    await Promise.all([slack.close(), mail.close()]);
    await database.drop();
  });

  const graphql = async <T>(query: string, variables: object = {}): Promise<T> => {
    const response = await fetch(`${platform.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${platform.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    if (errors) throw new Error(`${JSON.stringify(errors)}\n${platform.errors}`);
    return data;
  };
  const click = async (message: SlackMessage, label: string, user: string, change: Record<string, string> = {}) => {
    const { body, headers } = slack.click(message, label, user);
    const url = `${platform.url}/api/v1/slack/interactions`;
    return (await fetch(url, { method: 'POST', headers: { ...headers, ...change }, body })).status;
  };
  const whisper = (user: string, words: RegExp) =>
    eventually(() => expect(slack.whispers.some(one => one.user === user && words.test(one.text))).toBe(true));
  const messageSaying = (words: string, butNot = 'no such words') =>
    eventually(() => {
      const found = slack.messages.find(({ blocks }) => blocks.includes(words) && !blocks.includes(butNot));
      if (!found) throw new Error(`No message says ${words}: ${slack.messages.map(({ text }) => text).join(', ')}`);
      return found;
    });
  const decisionsOf = async (runId: string) => {
    const query = `query ($id: ID!) { run(id: $id) { status approvals { step votes { by { id via } }
      decision { decision how by { id name via } } } } }`;
    return (await graphql<{ run: Decided }>(query, { id: runId })).run;
  };

  it('decide with a click in Slack, each in their own name, and the run goes on', async () => {
    const input = { name: 'Releases', kind: 'SLACK', slackChannel: 'C0123456789', about: ['GATE'] };
    const secrets = { slackBotToken: slack.botToken, slackSigningSecret: slack.signingSecret };
    const { addNotificationChannel } = await graphql<Added>(ADD, { input: { ...input, ...secrets } });
    expect(addNotificationChannel).toMatchObject({ channel: { slackChannel: 'C0123456789' } });
    const runId = await platform.api.started('release');
    const first = await messageSaying('Ship it?');

    expect(await click(first, 'Approve', 'U0GRACE', { 'x-slack-signature': `v0=${'0'.repeat(64)}` })).toBe(401);
    expect(await click(first, 'Approve', 'U0STRANGER')).toBe(200);
    await whisper('U0STRANGER', /stranger@elsewhere\.example is no member/);
    expect(await click(first, 'Approve', 'U0EVE')).toBe(200);
    await whisper('U0EVE', /takes the scope flows\.run/);
    await Promise.all([1, 2, 3].map(() => click(first, 'Approve', 'U0GRACE')));
    expect(await click(first, 'Reject', 'U0LINUS')).toBe(200);
    await whisper('U0LINUS', /grace already decided: APPROVE/);
    await messageSaying('grace approved');

    const second = await messageSaying('All of you?');
    await click(second, 'Approve', 'U0GRACE');
    await click(second, 'Approve', 'U0GRACE');
    await messageSaying('1 of 2 have');
    await click(second, 'Approve', 'U0LINUS');

    const third = await messageSaying('Anybody there?');
    await messageSaying('Time limit skipped', 'Ship it?');
    expect(await click(third, 'Approve', 'U0GRACE')).toBe(200);
    await whisper('U0GRACE', /Time limit already decided: SKIP/);

    await eventually(async () => (await platform.api.run(runId)).status === 'COMPLETED');
    const { approvals } = await decisionsOf(runId);
    expect(approvals[0]).toMatchObject({ decision: { decision: 'APPROVE', by: { name: 'grace', via: 'slack' } } });
    expect(approvals[1]?.votes.map(vote => vote.by.via)).toEqual(['slack', 'slack']);
    expect(slack.messages).toHaveLength(3);
    const log = '{ notifications(first: 50) { nodes { state kind } } }';
    await eventually(async () => {
      const { nodes } = (await graphql<{ notifications: { nodes: { state: string }[] } }>(log)).notifications;
      expect(new Set(nodes.map(one => one.state))).toEqual(new Set(['DELIVERED']));
    });
    await graphql(
      `mutation { removeNotificationChannel(id: "${addNotificationChannel.channel?.id ?? ''}") { __typename } }`,
    );
  });

  it('have their programs told by a webhook, which the receiver of the guide verifies', async () => {
    const door = await openDoor();
    const input = { name: 'Ops', kind: 'WEBHOOK', url: door.url, about: ['GATE'] };
    const { addNotificationChannel: made } = await graphql<Added>(ADD, { input });
    const receiver = await receiverOf(made.signingSecret ?? '');
    door.leadTo(receiver.port);
    try {
      const runId = await platform.api.started('release');
      await eventually(() => receiver.lines.some(line => line.startsWith(`approval.requested apr_${runId.slice(4)}`)));
      const forged = await fetch(door.url, { method: 'POST', body: '{"type":"approval.decided"}' });
      expect(forged.status).toBe(401);
      expect(receiver.lines).toHaveLength(2);
    } finally {
      door.close();
      await receiver.stop();
      await graphql(`mutation { removeNotificationChannel(id: "${made.channel?.id ?? ''}") { __typename } }`);
    }
  });

  it('decide behind the link of a letter; a program that follows the link decides nothing', async () => {
    const bad = { name: 'Mail', kind: 'EMAIL', addresses: ['b@x.test\r\nBcc: evil@x.test'] };
    expect((await graphql<Added>(ADD, { input: bad })).addNotificationChannel).toMatchObject({
      code: 'INVALID_CHANNEL',
    });
    await graphql(ADD, {
      input: { name: 'Mail', kind: 'EMAIL', about: ['GATE'], addresses: ['grace@acme.example', 'team@acme.example'] },
    });
    const runId = await platform.api.started('release');
    const letterTo = (address: string) =>
      eventually(() => {
        const found = mail.letters.find(({ to, raw }) => to[0] === address && raw.includes('Ship it?'));
        if (!found) throw new Error(`No letter to ${address}.`);
        return plainOf(found.raw);
      });
    const linkIn = (letter: string) => {
      const [link = ''] = /https:\/\/runledger\.example\/api\/v1\/decisions\/\S+/.exec(letter) ?? [];
      return link.replace(PUBLIC_URL, platform.url);
    };
    const link = linkIn(await letterTo('grace@acme.example'));
    for (const method of ['GET', 'HEAD', 'GET']) {
      const looked = await fetch(link, { method });
      expect([looked.status, looked.headers.get('referrer-policy')]).toEqual([200, 'no-referrer']);
      expect(looked.headers.get('content-security-policy')).toContain("default-src 'none'");
      if (method === 'GET') expect(await looked.text()).toContain('<h1>Ship it?</h1>');
    }
    expect((await decisionsOf(runId)).approvals[0]?.decision).toBeNull();

    const ticket = new URL(link).searchParams.get('ticket') ?? '';
    const post = async (at: string, fields: Record<string, string>) => {
      const response = await fetch(at.split('?')[0] ?? '', { method: 'POST', body: new URLSearchParams(fields) });
      return [response.status, /<p>(.*?)<\/p>/.exec(await response.text())?.[1]];
    };
    const strangers = linkIn(await letterTo('team@acme.example'));
    expect((await fetch(strangers)).status).toBe(403);
    expect((await post(link, { ticket: `${ticket.slice(0, -2)}AA`, decision: 'APPROVE' }))[0]).toBe(404);
    expect(await post(link, { ticket, decision: 'APPROVE', comment: 'fine' })).toEqual([200, 'Decided: APPROVE.']);
    expect(await post(link, { ticket, decision: 'REJECT' })).toEqual([200, 'Decided: APPROVE.']);
    expect(await (await fetch(link)).text()).toContain('grace already decided: APPROVE');
    await eventually(async () => {
      const { approvals } = await decisionsOf(runId);
      expect(approvals[0]?.decision).toMatchObject({ decision: 'APPROVE', by: { name: 'grace', via: 'email link' } });
    });
  });
});

/** An address for who has none yet: the receiver needs the secret, which is made for an address. */
async function openDoor() {
  let port = 0;
  const server = createServer(outside => {
    const inside = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      one.on('error', () => other.destroy()).pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, leadTo: (behind: number) => void (port = behind), close: () => void server.close() };
}

/** The receiver of the guide, in a process of its own. */
async function receiverOf(signingSecret: string) {
  const file = join(ROOT, 'examples', 'webhook-receiver', 'receiver.mjs');
  const env = { PATH: process.env['PATH'], SIGNING_SECRET: signingSecret };
  const child = spawn(process.execPath, [file, '0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
  await eventually(() => lines.some(line => line.startsWith('listening')));
  return { lines, port: Number(lines[0]?.replace('listening ', '')), stop: () => (child.kill(), once(child, 'exit')) };
}

/** The text part of a letter: quoted-printable, or as it is. */
function plainOf(raw: string): string {
  return raw
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
