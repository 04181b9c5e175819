import type { ChannelKind, ChannelSettings } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { PLAIN_ADDRESS } from '@runledger/platform';
import type { OutboundPost } from './outbound-post.js';

export interface GivenChannel {
  readonly kind: ChannelKind;
  readonly settings: ChannelSettings;
  readonly secrets: Readonly<Record<string, string>>;
}

const SECRETS: Readonly<Record<ChannelKind, readonly string[]>> = {
  SLACK: ['botToken', 'signingSecret'],
  EMAIL: [],
  WEBHOOK: [],
};
const SETTINGS: Readonly<Record<ChannelKind, readonly (keyof ChannelSettings)[]>> = {
  SLACK: ['slackChannel', 'slackPeople'],
  EMAIL: ['addresses', 'members', 'approvers'],
  WEBHOOK: ['url'],
};

/** What is wrong with the particulars of a channel. Secrets are never told. */
export function channelProblems(given: GivenChannel, post: OutboundPost, sendsMail: boolean): Problem[] {
  return [...strangers(given), ...problemsOfKind(given, post, sendsMail)];
}

function strangers({ kind, settings, secrets }: GivenChannel): Problem[] {
  const told = [
    ...Object.keys(settings).filter(name => !(SETTINGS[kind] as readonly string[]).includes(name)),
    ...Object.keys(secrets).filter(name => !SECRETS[kind].includes(name)),
  ];
  return told.map(path => ({ path, message: `A channel of the kind ${kind} has no ${path}.` }));
}

function problemsOfKind({ kind, settings, secrets }: GivenChannel, post: OutboundPost, sendsMail: boolean): Problem[] {
  switch (kind) {
    case 'SLACK':
      return [
        ...missing('slackChannel', settings.slackChannel, 'Give the id of the channel, as C0123456789.'),
        ...missing('botToken', secrets['botToken'], 'Give the bot token of the app, as xoxb-….'),
        ...missing('signingSecret', secrets['signingSecret'], 'Give the signing secret of the app.'),
      ];
    case 'EMAIL':
      return mailProblems(settings, sendsMail);
    case 'WEBHOOK': {
      const objection = post.objectionTo(settings.url ?? '');
      if (objection === undefined) return [];
      return [{ path: 'url', message: `The address cannot be used. ${objection}`, fix: 'Give an https:// address.' }];
    }
  }
}

function mailProblems(
  { addresses = [], members = [], approvers = false }: ChannelSettings,
  sendsMail: boolean,
): Problem[] {
  const unplain = addresses.flatMap((address, index) => {
    if (PLAIN_ADDRESS.test(address)) return [];
    const fix = 'Give one address for each mailbox, as team@example.com, without a name.';
    return [{ path: `addresses.${index}`, message: 'It is no plain e-mail address.', fix }];
  });
  const nobody = addresses.length + members.length === 0 && !approvers;
  return [
    ...unplain,
    ...(nobody ? [{ path: 'approvers', message: 'Nobody would be written to.', fix: 'Name somebody.' }] : []),
    ...(sendsMail
      ? []
      : [{ path: 'kind', message: 'This platform sends no mail.', fix: 'Ask its operator for NOTIFY_SMTP_URL.' }]),
  ];
}

function missing(path: string, value: string | undefined, fix: string): Problem[] {
  return (value ?? '') === '' ? [{ path, message: `${path} is missing.`, fix }] : [];
}
