import type { AddChannel, InputOf } from '@runledger/contracts';
import { Decide, RotateChannelSecret, SteerChannel, TestChannel } from '@runledger/contracts';
import type { CommandContext } from '@runledger/event-store';
import { Webhook } from 'standardwebhooks';
import { member, otherSide, Story, toldPeople } from './told-people.fixture.js';
import type { ToldPeople } from './told-people.fixture.js';

let world: ToldPeople;
let story: Story;

beforeAll(async () => {
  world = await toldPeople({ NOTIFY_PUBLIC_URL: 'https://runledger.example' });
  story = new Story(world);
});
afterAll(() => world.close());

type Given = InputOf<typeof AddChannel>;

const webhook = (url: string, more: Partial<Given> = {}): Given => ({
  ...{ name: 'Ops', kind: 'WEBHOOK', settings: { url }, about: ['GATE'], secrets: {} },
  ...more,
});

describe('a webhook that is told what waits for people', () => {
  it('gets a signed message when a run reaches a gate, and another one when somebody decides', async () => {
    const receiver = await otherSide(() => ({ status: 204 }));
    try {
      const { channelId, signingSecret = '' } = await story.addChannel(webhook(`${receiver.url}/hook`));
      const { runId, requestId } = await story.runAtTheGate();
      await story.noticed(runId, 'NoticeQueued', 'NoticeDelivered');
      await story.send(Decide, { requestId, decision: 'APPROVE' }, story.context(member('ada')));
      await story.noticed(runId, 'NoticeQueued', 'NoticeDelivered', 'NoticeQueued', 'NoticeDelivered');
      const [asked, decided] = receiver.taken;
      const headers = asked!.headers as Record<string, string>;
      // The time of the spec stands still, so the receiver does not look at the clock.
      const signed = new Date(Number(headers['webhook-timestamp']) * 1_000);
      expect(headers['webhook-signature']).toBe(
        new Webhook(signingSecret).sign(headers['webhook-id']!, signed, asked!.body),
      );
      expect(JSON.parse(asked!.body)).toMatchObject({
        type: 'approval.requested',
        data: {
          ...{ workspaceId: 'ws_acme', runId, requestId, step: 'deploy', kind: 'gate' },
          message: 'Deploy <to> production?',
          flow: { slug: 'release', name: 'Release', version: 3 },
          url: `https://runledger.example/#/runs/${runId}`,
          shown: { upstream: [{ name: 'Build', summary: '42 tests passed' }] },
        },
      });
      expect(JSON.parse(decided!.body)).toMatchObject({
        type: 'approval.decided',
        data: { requestId, decision: 'APPROVE', by: { id: 'mem_ada' } },
      });
      await story.send(SteerChannel, { channelId, verb: 'REMOVE' });
    } finally {
      await receiver.close();
    }
  });

  it('is sent it again, under the same id, until it takes it; a process that dies meanwhile loses nothing (R2)', async () => {
    const receiver = await otherSide((_taken, nth) => ({ status: nth <= 3 ? 503 : 200 }));
    try {
      const { channelId } = await story.addChannel(webhook(`${receiver.url}/hook`));
      const { runId } = await story.runAtTheGate();
      await story.noticed(runId, 'NoticeQueued', 'NoticePutOff');
      await story.nextTry();
      await story.noticed(runId, 'NoticeQueued', 'NoticePutOff', 'NoticeDue', 'NoticePutOff');
      await world.restart();
      await story.nextTry();
      const again = ['NoticeDue', 'NoticePutOff'] as const;
      await story.noticed(runId, 'NoticeQueued', 'NoticePutOff', ...again, ...again);
      await story.nextTry();
      const events = await story.noticed(
        runId,
        ...['NoticeQueued', 'NoticePutOff', ...again, ...again, 'NoticeDue', 'NoticeDelivered'],
      );
      expect(events[1]).toMatchObject({ data: { attempt: 1, error: { code: 'HTTP_503' } } });
      expect(events.at(-1)).toMatchObject({ data: { attempt: 4 } });
      expect(new Set(receiver.taken.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      expect(receiver.taken).toHaveLength(4);
      await story.send(SteerChannel, { channelId, verb: 'REMOVE' });
    } finally {
      await receiver.close();
    }
  });

  it('is told again under the same id when the process dies before it has written down that it told, and counts it once', async () => {
    const receiver = await otherSide(() => ({}));
    try {
      const { channelId } = await story.addChannel(webhook(`${receiver.url}/hook`));
      world.diesBefore('NoticeDelivered');
      const { runId } = await story.runAtTheGate();
      await world.hasDied();
      expect(receiver.taken).toHaveLength(1);
      expect((await story.notices(runId)).map(({ type }) => type)).toEqual(['NoticeQueued']);
      await world.restart();
      await story.noticed(runId, 'NoticeQueued', 'NoticeDelivered');
      expect(receiver.taken).toHaveLength(2);
      expect(new Set(receiver.taken.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      await story.send(SteerChannel, { channelId, verb: 'REMOVE' });
    } finally {
      await receiver.close();
    }
  });

  it('is left alone for as long as it asks for, and no longer at all once it says that it is gone', async () => {
    const receiver = await otherSide((_taken, nth) =>
      nth === 1 ? { status: 429, headers: { 'retry-after': '600' } } : { status: 410 },
    );
    try {
      const { channelId } = await story.addChannel(webhook(`${receiver.url}/hook`));
      const { runId } = await story.runAtTheGate();
      const [, putOff] = await story.noticed(runId, 'NoticeQueued', 'NoticePutOff');
      const { nextTryAt, putOffAt } = putOff!.data as { nextTryAt: string; putOffAt: string };
      expect(Date.parse(nextTryAt) - Date.parse(putOffAt)).toBe(600_000);
      await story.nextTry();
      const events = await story.noticed(runId, 'NoticeQueued', 'NoticePutOff', 'NoticeDue', 'NoticeFailed');
      expect(events.at(-1)).toMatchObject({ data: { attempt: 2, error: { code: 'HTTP_410' } } });
      await story.send(SteerChannel, { channelId, verb: 'REMOVE' });
    } finally {
      await receiver.close();
    }
  });

  it('hears of the topics and flows that it was added for, and of nothing while it is paused', async () => {
    const receiver = await otherSide(() => ({}));
    try {
      const others = await story.addChannel(webhook(`${receiver.url}/others`, { about: ['QUESTION', 'RUN_FAILED'] }));
      const flows = await story.addChannel(webhook(`${receiver.url}/flows`, { flows: ['nightly'] }));
      const paused = await story.addChannel(webhook(`${receiver.url}/paused`));
      await story.send(SteerChannel, { channelId: paused.channelId, verb: 'PAUSE' });
      const { runId, requestId } = await story.runAtTheGate();
      await story.requested(requestId);
      await world.timers.advance(1_000);
      const heard = await story.addChannel(webhook(`${receiver.url}/heard`, { flows: ['release'] }));
      const next = await story.runAtTheGate();
      await story.noticed(next.runId, 'NoticeQueued', 'NoticeDelivered');
      expect(receiver.taken.map(({ path }) => path)).toEqual(['/heard']);
      expect(await story.notices(runId)).toEqual([]);
      for (const { channelId } of [others, flows, paused, heard]) {
        await story.send(SteerChannel, { channelId, verb: 'REMOVE' });
      }
    } finally {
      await receiver.close();
    }
  });

  it('can be tested, and gets two signatures while its secret is changed', async () => {
    const receiver = await otherSide(() => ({}));
    try {
      const { channelId, signingSecret: before = '' } = await story.addChannel(webhook(`${receiver.url}/hook`));
      const asked = story.context(member('admin'));
      const rotate = () => story.send(RotateChannelSecret, { channelId, overlapMinutes: 60 }, asked);
      const rotated = await rotate();
      const after = rotated.status === 'accepted' ? rotated.output.signingSecret : '';
      // Whoever got no answer asks again: it is the same secret, and the one before is still good.
      expect(await rotate()).toMatchObject({ status: 'accepted', output: { signingSecret: after } });
      const context = story.context(member('admin'));
      await story.send(TestChannel, { channelId }, context);
      await story.noticed(context.correlationId, 'NoticeQueued', 'NoticeDelivered');
      const { headers, body } = receiver.taken[0]!;
      const at = new Date(Number(headers['webhook-timestamp']) * 1_000);
      const by = (secret: string) => new Webhook(secret).sign(String(headers['webhook-id']), at, body);
      expect(String(headers['webhook-signature']).split(' ')).toEqual([by(after), by(before)]);
      expect(JSON.parse(body)).toMatchObject({ type: 'test', data: { channel: 'Ops' } });
      await world.timers.advance(3_600_001);
      const later = story.context(member('admin'));
      await story.send(TestChannel, { channelId }, later);
      await story.noticed(later.correlationId, 'NoticeQueued', 'NoticeDelivered');
      expect(String(receiver.taken[1]!.headers['webhook-signature'])).not.toContain(' ');
      const secrets = [before, after];
      const { events } = await world.store.readAll({ after: 0n, limit: 1_000 });
      expect(secrets.some(secret => JSON.stringify(events.map(({ data }) => data)).includes(secret))).toBe(false);
    } finally {
      await receiver.close();
    }
  });

  it.each([0, 1])('keeps the secret of the last rotation when one %i ms before it is sent again', async apartMs => {
    const receiver = await otherSide(() => ({}));
    try {
      const { channelId } = await story.addChannel(webhook(`${receiver.url}/hook`));
      const rotate = async (context: CommandContext) => {
        const outcome = await story.send(RotateChannelSecret, { channelId, overlapMinutes: 60 }, context);
        if (outcome.status !== 'accepted') throw new Error('It was not rotated.');
        return outcome.output.signingSecret;
      };
      const first = story.context(member('admin'));
      const made = [await rotate(first)];
      await world.timers.advance(apartMs);
      const second = story.context(member('admin'));
      made.push(await rotate(second));
      expect(new Set(made).size).toBe(2);
      expect([await rotate(first), await rotate(second), await rotate(first)]).toEqual([made[1], made[1], made[1]]);
      const context = story.context(member('admin'));
      await story.send(TestChannel, { channelId }, context);
      await story.noticed(context.correlationId, 'NoticeQueued', 'NoticeDelivered');
      const { headers, body } = receiver.taken[0]!;
      const at = new Date(Number(headers['webhook-timestamp']) * 1_000);
      const by = (secret = '') => new Webhook(secret).sign(String(headers['webhook-id']), at, body);
      expect(String(headers['webhook-signature']).split(' ')).toEqual([by(made[1]), by(made[0])]);
    } finally {
      await receiver.close();
    }
  });
});
