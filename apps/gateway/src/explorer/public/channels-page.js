import { createChannelCard } from './channel-card.js';
import { channelForm } from './channel-form.js';
import { h, problem } from './elements.js';
import { query } from './graphql.js';
import { CHANNELS } from './queries.js';

const REFRESH_MS = 5_000;

/** Where people are told things, what came of it, and a form to add a place; drawn into `page`. Returns the function that ends it. */
export function channelsPage(page) {
  const list = h('div.channels');
  const below = h('div');
  const add = h('button.primary', { click: () => below.replaceChildren(formFor(below, added)) }, 'Add a channel');
  const trouble = h('div');
  const head = h('div.head', {}, h('h1', {}, 'Channels'), h('div.tools', {}, add));
  page.replaceChildren(head, trouble, below, list);
  const cards = new Map();
  let ended = false;

  const draw = async () => {
    try {
      const { notificationChannels: channels } = await query(CHANNELS);
      if (ended) return;
      trouble.replaceChildren();
      const there = new Set(channels.map(({ id }) => id));
      for (const id of cards.keys()) if (!there.has(id)) cards.delete(id);
      for (const { id } of channels) if (!cards.has(id)) cards.set(id, createChannelCard(draw));
      for (const channel of channels) cards.get(channel.id).show(channel);
      put(list, channels.length > 0 ? channels.map(({ id }) => cards.get(id).element) : [nothing()]);
    } catch (error) {
      if (!ended) trouble.replaceChildren(problem(error, draw));
    }
  };
  const added = async channel => {
    await draw();
    cards.get(channel.channel.id)?.tellSecret(channel.signingSecret);
  };
  const timer = setInterval(() => document.hidden || draw(), REFRESH_MS);
  draw();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

function formFor(place, added) {
  const close = () => place.replaceChildren();
  const { element, focus } = channelForm({ added: channel => (close(), added(channel)), close });
  queueMicrotask(focus);
  return element;
}

/** Cards that stay are not taken away for a moment: what is written and marked in them stays as well. */
function put(list, elements) {
  const same =
    list.children.length === elements.length && elements.every((element, at) => list.children[at] === element);
  if (!same) list.replaceChildren(...elements);
}

function nothing() {
  return h(
    'div.card.empty',
    {},
    h('h2', {}, 'Nobody is told yet.'),
    h('p.mute', {}, 'A channel tells people in Slack, by mail or through a webhook that something waits for them.'),
  );
}
