import { ChannelAdded } from '@runledger/contracts';
import { asked, gateOf, promptOf } from '../approvals/approval.fixture.js';
import { evolve } from '../approvals/approval-state.js';
import type { Requested } from '../approvals/approval-state.js';
import type { Channel } from './channels.decider.js';
import { letterOf } from './mail-letter.js';
import { slackMessage } from './slack-message.js';
import type { Telling } from './telling.js';
import { openTicket, sealTicket } from './tickets.js';
import type { Ticket } from './tickets.js';

const channel: Channel = {
  ...ChannelAdded({
    ...{ channelId: 'chn_1', name: 'Ops', kind: 'SLACK', settings: {}, about: ['GATE'] },
    ...{ by: { kind: 'member', id: 'mem_ada' }, addedAt: '2026-11-21T10:00:00.000Z' },
  }).data,
  state: 'open',
};

function telling(request: Requested): Telling {
  const notice = { noticeId: 'ntc_1', channelId: 'chn_1', kind: 'SLACK', news: 'REQUESTED', queuedAt: '' } as const;
  const { requestId, runId, step } = request;
  return {
    ...{ workspaceId: 'ws_acme', channel, event: undefined, started: undefined },
    notice: { ...notice, requestId, runId, step },
    request: evolve({ status: 'absent' }, asked(request)),
  };
}

const buttonsOf = (request: Requested) => {
  const { blocks } = slackMessage(telling(request), { seal: ticket => JSON.stringify(ticket), runUrl: undefined });
  const actions = blocks.find(({ type }) => type === 'actions') as {
    elements: { text: { text: string }; value: string }[];
  };
  return actions?.elements.map(({ text, value }) => [text.text, JSON.parse(value) as Ticket] as const);
};
const question = (choices?: readonly string[]) => {
  const shown = { question: 'Which colour?', ...(choices && { choices: [...choices] }) };
  return gateOf({ kind: 'question', message: 'Which colour?', shown, decisions: ['ANSWER'] });
};

describe('a message in Slack', () => {
  it('has a button for each way to decide, bound to what is shown', () => {
    const { requestId, shownHash } = gateOf();
    expect(buttonsOf(gateOf())).toEqual([
      ['Approve', { requestId, shownHash, decision: 'APPROVE' }],
      ['Reject', { requestId, shownHash, decision: 'REJECT' }],
    ]);
    expect(buttonsOf(promptOf())?.map(([label]) => label)).toEqual(['Allow once', 'Deny']);
  });

  it('has a button for each choice of a question, and none where it takes words', () => {
    const [red, long] = buttonsOf(question(['red', 'x'.repeat(200)])) ?? [];
    expect([red?.[0], red?.[1].choice]).toEqual(['red', 0]);
    expect([long?.[0].length, long?.[1].choice]).toEqual([75, 1]);
    expect(buttonsOf(question())).toBeUndefined();
  });

  it('mentions nobody and links nowhere, whatever an agent writes', () => {
    const { blocks } = slackMessage(telling(gateOf({ message: 'Hi <!channel> & <https://evil.example|here> *now*' })), {
      seal: () => '',
      runUrl: undefined,
    });
    const text = JSON.stringify(blocks);
    expect(text).toContain('Hi &lt;!channel&gt; &amp; &lt;https://evil.example|here&gt;');
    expect(text).not.toMatch(/<(?!\/)/);
  });
});

describe('a letter', () => {
  it('has a subject of one line and no markup of its own, whatever an agent writes', () => {
    const letter = letterOf(telling(gateOf({ message: 'Go\r\nBcc: evil@x.test\u2028<script>alert(1)</script>' })), {
      decision: 'https://runledger.example/api/v1/decisions/chn_1?ticket=x&y="',
      run: undefined,
    });
    expect(letter.subject).toBe('Go Bcc: evil@x.test <script>alert(1)</script>');
    expect(letter.html).toContain('&lt;script&gt;');
    expect(letter.html).toContain('ticket=x&amp;y=&quot;');
    expect(letter.html).not.toContain('<script>');
  });
});

describe('a ticket', () => {
  const key = Buffer.alloc(32, 7);
  const ticket = { requestId: 'apr_1', shownHash: 'h', decision: 'APPROVE' } as const;

  it('opens for the channel that sealed it, and for no other one', () => {
    const sealed = sealTicket(key, 'chn_1', ticket);
    expect(openTicket(key, 'chn_1', sealed)).toEqual(ticket);
    expect(openTicket(key, 'chn_2', sealed)).toBeUndefined();
    expect(openTicket(Buffer.alloc(32, 8), 'chn_1', sealed)).toBeUndefined();
    expect(sealed).not.toContain(Buffer.from('apr_1').toString('base64url'));
  });

  it.each(['', 'x', 'A'.repeat(200)])('is none when it is %s', text => {
    expect(openTicket(key, 'chn_1', text)).toBeUndefined();
  });
});
