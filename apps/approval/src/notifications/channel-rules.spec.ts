import type { ChannelSettings } from '@runledger/contracts';
import { channelProblems } from './channel-rules.js';
import type { GivenChannel } from './channel-rules.js';
import { OutboundPost } from './outbound-post.js';

const post = new OutboundPost();
const problemsOf = (given: Partial<GivenChannel> & Pick<GivenChannel, 'kind'>, sendsMail = true) =>
  channelProblems({ settings: {}, secrets: {}, ...given }, post, sendsMail).map(({ path }) => path);
const slack = {
  kind: 'SLACK' as const,
  settings: { slackChannel: 'C1' },
  secrets: { botToken: 'b', signingSecret: 's' },
};
const mail = (settings: ChannelSettings, sendsMail?: boolean) => problemsOf({ kind: 'EMAIL', settings }, sendsMail);

describe('the particulars of a channel', () => {
  it('of Slack are where to write, with which token, and how clicks are signed', () => {
    expect(problemsOf(slack)).toEqual([]);
    expect(problemsOf({ kind: 'SLACK' })).toEqual(['slackChannel', 'botToken', 'signingSecret']);
    expect(problemsOf({ ...slack, secrets: { ...slack.secrets, botToken: '' } })).toEqual(['botToken']);
  });

  it('of mail name somebody: by address, as a member, or whoever may decide', () => {
    expect(mail({ addresses: ['ops@example.com'] })).toEqual([]);
    expect(mail({ members: ['mem_ada'] })).toEqual([]);
    expect(mail({ approvers: true })).toEqual([]);
    expect(mail({})).toEqual(['approvers']);
    expect(mail({ addresses: [], members: [], approvers: false })).toEqual(['approvers']);
  });

  it('name the addresses that are not plain by their place in the list', () => {
    const addresses = ['ops@example.com', 'Ops <ops@example.com>', 'a@b.example', 'a@b.example\r\nBcc: c@d.example'];
    expect(mail({ addresses })).toEqual(['addresses.1', 'addresses.3']);
  });

  it('cannot be of mail where the platform sends none', () => {
    expect(mail({ approvers: true }, false)).toEqual(['kind']);
  });

  it('of a webhook are an address that may be called', () => {
    expect(problemsOf({ kind: 'WEBHOOK', settings: { url: 'https://ops.example/hook' } })).toEqual([]);
    expect(problemsOf({ kind: 'WEBHOOK', settings: { url: 'http://ops.example/hook' } })).toEqual(['url']);
    expect(problemsOf({ kind: 'WEBHOOK' })).toEqual(['url']);
  });

  it('are none of another kind of channel', () => {
    const settings = { ...slack.settings, slackPeople: {}, url: 'https://ops.example' };
    expect(problemsOf({ ...slack, settings, secrets: { ...slack.secrets, password: 'p' } })).toEqual([
      'url',
      'password',
    ]);
    const ofMail = { members: ['mem_ada'], approvers: true, addresses: [] };
    expect(problemsOf({ kind: 'EMAIL', settings: { ...ofMail, slackChannel: 'C1' } })).toEqual(['slackChannel']);
    expect(problemsOf({ kind: 'WEBHOOK', settings: { ...ofMail, url: 'https://ops.example' } })).toEqual([
      ...['members', 'approvers', 'addresses'],
    ]);
  });
});
