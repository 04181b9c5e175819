import { KINDS, TOPICS } from './channel-form.js';
import { createDeliveryLog } from './delivery-log.js';
import { badge, fact, h, problem, redraw } from './elements.js';
import { count, instant } from './formats.js';
import { query } from './graphql.js';
import { CHANNEL_VERBS } from './queries.js';

const REMOVE =
  'Remove this channel? Its secrets are destroyed, and buttons and links that were sent there are worth nothing.';
const ROTATE =
  'Make a new signing secret? Messages carry signatures of both for a day, so that the receiver can be changed in peace.';

/** One place where people are told things. `show` draws it as it stands; `changed` is called when a button changed it. */
export function createChannelCard(changed) {
  const head = h('header');
  const facts = h('dl.facts');
  const secret = h('div');
  const trouble = h('div');
  const buttons = h('div.buttons');
  const log = createDeliveryLog();
  const element = h('article.card.channel', {}, head, log.health, facts, secret, trouble, buttons, log.element);
  let id;

  const act = async verb => {
    trouble.replaceChildren();
    try {
      const { outcome } = await query(CHANNEL_VERBS[verb], { id });
      if (outcome.code) throw outcome;
      if (outcome.signingSecret) tellSecret(outcome.signingSecret);
      await changed();
    } catch (error) {
      trouble.replaceChildren(problem(error));
    }
  };
  const tellSecret = text => text && secret.replaceChildren(secretNote(text, () => secret.replaceChildren()));
  return {
    element,
    tellSecret,
    show: channel => {
      id = channel.id;
      const { name, kind, state } = channel;
      redraw(head, () => [h('h2', {}, name), h('span.mute', {}, KINDS[kind] ?? kind), badge(state)]);
      redraw(facts, () => factsOf(channel));
      redraw(buttons, () => buttonsOf(channel, act));
      log.show(id);
    },
  };
}

function factsOf(channel) {
  const { about, flows, addedBy, addedAt, previousSecretUntil } = channel;
  return [
    fact('Where', whereOf(channel)),
    fact('About', about.map(topic => TOPICS[topic] ?? topic).join(', ')),
    fact('Flows', flows ? flows.join(', ') : 'every flow'),
    fact('Added', instant(addedAt), h('span.mute', {}, ` by ${addedBy.name ?? addedBy.id}`)),
    previousSecretUntil && fact('The secret before counts until', instant(previousSecretUntil)),
  ].filter(Boolean);
}

function whereOf({ kind, url, slackChannel, approvers, addresses, members }) {
  if (kind === 'WEBHOOK') return url;
  if (kind === 'SLACK') return slackChannel;
  const people = members.length > 0 && count(members.length, 'member');
  return [approvers && 'whoever may decide', ...addresses, people].filter(Boolean).join(', ');
}

function buttonsOf({ kind, state }, act) {
  const button = (text, verb, { sure, tag = 'button' } = {}) =>
    h(tag, { click: () => (!sure || confirm(sure)) && act(verb) }, text);
  return [
    button('Send a test', 'test'),
    state === 'OPEN' ? button('Pause', 'pause') : button('Resume', 'resume'),
    kind === 'WEBHOOK' && button('New secret', 'rotate', { sure: ROTATE }),
    button('Remove', 'remove', { sure: REMOVE, tag: 'button.reject' }),
  ].filter(Boolean);
}

function secretNote(text, close) {
  const copied = h('span.mute', { role: 'status' });
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => (copied.textContent = 'Copied.'),
      () => (copied.textContent = 'It cannot be copied from here: mark it.'),
    );
  return h(
    'div.note.is-waiting',
    {},
    h('p', {}, h('strong', {}, 'The signing secret, shown this once:')),
    h('pre', {}, text),
    h('div.buttons', {}, h('button', { click: copy }, 'Copy'), h('button.quiet', { click: close }, 'Done'), copied),
  );
}
