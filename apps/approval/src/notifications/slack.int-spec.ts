import { Decide, ReadSlackClick, SteerChannel } from '@runledger/contracts';
import { eventually, testSlack } from '@runledger/testing';
import type { TestSlack } from '@runledger/testing';
import { member, Story, toldPeople } from './told-people.fixture.js';
import type { ToldPeople } from './told-people.fixture.js';

let slack: TestSlack;
let world: ToldPeople;
let story: Story;
let channelId: string;

beforeAll(async () => {
  slack = await testSlack();
  world = await toldPeople({ NOTIFY_SLACK_URL: slack.apiUrl, NOTIFY_PUBLIC_URL: 'https://runledger.example' });
  story = new Story(world);
  const { botToken, signingSecret } = slack;
  ({ channelId } = await story.addChannel({
    ...{ name: 'Releases', kind: 'SLACK', about: ['GATE'], secrets: { botToken, signingSecret } },
    settings: { slackChannel: 'C0123456789', slackPeople: { U0MAPPED1: 'mem_linus' } },
  }));
});
afterAll(async () => {
  await world.close();
  await slack.close();
});

const messageAbout = (requestId: string) =>
  eventually(() => {
    const found = slack.messages.find(
      ({ blocks }) => blocks.includes(requestId) || blocks.includes(requestId.slice(4, 40)),
    );
    if (!found) throw new Error('There is no message yet.');
    return found;
  });

describe('a channel of Slack', () => {
  it('has one message for each request, which says who decided once somebody has, on whatever way', async () => {
    slack.limitNext(30);
    const { runId, requestId } = await story.runAtTheGate({ count: 2, excludeStarter: false });
    const [, putOff] = await story.noticed(runId, 'NoticeQueued', 'NoticePutOff');
    expect(putOff).toMatchObject({ data: { error: { code: 'RATE_LIMITED' }, nextTryAt: '2026-11-21T10:00:30.000Z' } });
    await story.nextTry();
    await story.noticed(runId, 'NoticeQueued', 'NoticePutOff', 'NoticeDue', 'NoticeDelivered');
    const asked = await messageAbout(runId);
    expect(asked).toMatchObject({ channel: 'C0123456789', updates: 0 });
    expect(asked.blocks).toContain('Deploy &lt;to&gt; production?');
    expect(asked.blocks).toContain('42 tests passed');
    expect(asked.blocks).toContain(`<https://runledger.example/#/runs/${runId}|Open the run>`);
    expect(asked.blocks).not.toContain(requestId);
    await story.send(Decide, { requestId, decision: 'APPROVE' }, story.context(member('ada')));
    await eventually(() => expect(slack.messages.at(-1)?.blocks).toContain('1 of 2 have'));
    await story.send(Decide, { requestId, decision: 'APPROVE' }, story.context(member('linus')));
    await eventually(() => expect(slack.messages.at(-1)).toMatchObject({ ts: asked.ts, updates: 2 }));
    expect(slack.messages.at(-1)?.blocks).toContain('linus approved');
    expect(slack.messages.at(-1)?.blocks).not.toContain('"actions"');
    expect(slack.messages).toHaveLength(1);
  });

  it('says what a click means and who clicked: by the mapping of the channel, or by the address that Slack knows', async () => {
    const { runId, requestId } = await story.runAtTheGate();
    await story.noticed(runId, 'NoticeQueued', 'NoticeDelivered');
    const message = await messageAbout(runId);
    slack.know('U0ADA0001', 'ada@acme.example');
    const read = async (user: string, label = 'Approve') => {
      const { body, headers } = slack.click(message, label, user, Date.parse(world.timers.now()));
      const signed = { timestamp: headers['x-slack-request-timestamp']!, signature: headers['x-slack-signature']! };
      return story.send(ReadSlackClick, { channelId, ...signed, body });
    };
    expect(await read('U0ADA0001')).toMatchObject({
      output: { requestId, decision: 'APPROVE', email: 'ada@acme.example', slackUser: 'U0ADA0001' },
    });
    expect(await read('U0MAPPED1', 'Reject')).toMatchObject({ output: { decision: 'REJECT', memberId: 'mem_linus' } });
    const nobody = await read('U0NOBODY1');
    expect(nobody).toMatchObject({ status: 'accepted' });
    expect(nobody).not.toHaveProperty('output.email');
    slack.limitNext(5);
    expect(await read('U0ADA0001')).toMatchObject({ refusal: { rejected: 'SLACK_UNAVAILABLE' } });
  });

  it('is not believed for another workspace, nor for a button of another channel, nor once it was removed', async () => {
    const { runId } = await story.runAtTheGate();
    await story.noticed(runId, 'NoticeQueued', 'NoticeDelivered');
    const { body, headers } = slack.click(
      await messageAbout(runId),
      'Approve',
      'U0MAPPED1',
      Date.parse(world.timers.now()),
    );
    const signed = { timestamp: headers['x-slack-request-timestamp']!, signature: headers['x-slack-signature']!, body };
    const elsewhere = story.context(member('eve'), 'ws_other');
    expect(await story.send(ReadSlackClick, { channelId, ...signed }, elsewhere)).toMatchObject({
      refusal: { rejected: 'BAD_SIGNATURE' },
    });
    const { botToken, signingSecret } = slack;
    const other = await story.addChannel({
      ...{ name: 'Others', kind: 'SLACK', about: ['QUESTION'], secrets: { botToken, signingSecret } },
      settings: { slackChannel: 'C9876543210' },
    });
    expect(await story.send(ReadSlackClick, { channelId: other.channelId, ...signed })).toMatchObject({
      refusal: { rejected: 'UNKNOWN_BUTTON' },
    });
    await story.send(SteerChannel, { channelId, verb: 'REMOVE' });
    expect(await story.send(ReadSlackClick, { channelId, ...signed })).toMatchObject({
      refusal: { rejected: 'BAD_SIGNATURE' },
    });
    const { rows } = await world.pool.query('SELECT name FROM approval.vault WHERE name LIKE $1', [`${channelId}%`]);
    expect(rows).toEqual([]);
  });
});
