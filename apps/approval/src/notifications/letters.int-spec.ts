import { Decide, MemberAdded, MemberErased, ReadMailTicket } from '@runledger/contracts';
import { eventually, testMailServer } from '@runledger/testing';
import type { TestMailServer } from '@runledger/testing';
import { member, Story, toldPeople, WORKSPACE } from './told-people.fixture.js';
import type { ToldPeople } from './told-people.fixture.js';

let mail: TestMailServer;
let world: ToldPeople;
let story: Story;
let channelId: string;

beforeAll(async () => {
  mail = await testMailServer();
  const settings = { NOTIFY_SMTP_URL: mail.url, NOTIFY_MAIL_FROM: 'runledger@acme.example' };
  world = await toldPeople({ ...settings, NOTIFY_PUBLIC_URL: 'https://runledger.example' });
  story = new Story(world);
  for (const name of ['ada', 'linus']) {
    const data = {
      memberId: `mem_${name}`,
      workspaceId: WORKSPACE,
      name,
      kind: 'person',
      email: `${name}@acme.example`,
    } as const;
    const added = MemberAdded({
      ...data,
      scopes: ['flows.run'],
      addedBy: member('admin'),
      addedAt: world.timers.now(),
    });
    await story.tell(`member-${name}`, 'spec', added);
  }
  const given = { name: 'Mail', kind: 'EMAIL', about: ['GATE'], secrets: {}, settings: { approvers: true } } as const;
  ({ channelId } = await story.addChannel({ ...given, about: ['GATE'] }));
});
afterAll(async () => {
  await world.close();
  await mail.close();
});

const linkIn = (raw: string) => {
  const [, ticket = ''] = /\?ticket=([\w-]+)/.exec(raw.replaceAll('=\r\n', '').replaceAll('=3D', '=')) ?? [];
  return ticket;
};

describe('letters to those who may decide', () => {
  it('go to each of them alone, again under the same id when the server was busy, and to nobody once it is decided', async () => {
    mail.putOffNext();
    const { runId, requestId } = await story.runAtTheGate({ count: 1, excludeStarter: false });
    await eventually(() => expect(mail.letters).toHaveLength(1));
    await eventually(async () =>
      expect((await story.notices(runId)).map(({ type }) => type)).toContain('NoticePutOff'),
    );
    await story.nextTry();
    await eventually(() => expect(mail.letters).toHaveLength(2));
    expect(mail.letters.map(({ to }) => to).sort()).toEqual([['ada@acme.example'], ['linus@acme.example']]);
    for (const { raw } of mail.letters) {
      expect(raw).toMatch(/^Message-ID: <ntc_[\w-]+@acme\.example>/m);
      expect(raw).toContain('Subject: [Release] Deploy <to> production?');
    }
    const ticket = linkIn(mail.letters.find(({ to }) => to[0] === 'ada@acme.example')?.raw ?? '');
    expect(await story.send(ReadMailTicket, { channelId, ticket })).toMatchObject({
      output: { requestId, to: { memberId: 'mem_ada' } },
    });
    await world.timers.advance(7 * 86_400_000);
    expect(await story.send(ReadMailTicket, { channelId, ticket })).toMatchObject({
      refusal: { rejected: 'LINK_EXPIRED' },
    });
    mail.putOffNext();
    const next = await story.runAtTheGate();
    await eventually(() => expect(mail.letters).toHaveLength(3));
    await eventually(async () =>
      expect((await story.notices(next.runId)).map(({ type }) => type)).toContain('NoticePutOff'),
    );
    await story.send(Decide, { requestId: next.requestId, decision: 'APPROVE' }, story.context(member('ada')));
    await story.nextTry();
    await eventually(async () => expect((await story.notices(next.runId)).at(-1)?.type).toBe('NoticeDropped'));
    expect(mail.letters).toHaveLength(3);
  });

  it('do not go to who was erased', async () => {
    const before = mail.letters.length;
    const erased = {
      memberId: 'mem_linus',
      workspaceId: WORKSPACE,
      erasedBy: 'mem_admin',
      erasedAt: world.timers.now(),
    };
    await story.tell('member-linus', 'spec', MemberErased(erased));
    const { runId } = await story.runAtTheGate();
    await story.noticed(runId, 'NoticeQueued', 'NoticeDelivered');
    expect(mail.letters.slice(before).map(({ to }) => to)).toEqual([['ada@acme.example']]);
  });
});
