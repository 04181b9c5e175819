import { channelsPage } from './channels-page.js';
import { costsPage } from './costs-page.js';
import { deadEnd, h, problem } from './elements.js';
import { flowsPage } from './flows-page.js';
import { query } from './graphql.js';
import { inboxPage } from './inbox-page.js';
import { followInbox } from './inbox.js';
import { VIEWER } from './queries.js';
import { runPage } from './run-page.js';
import { runsPage } from './runs-page.js';
import { decoded, searchField, searchPage, wordsInAddress } from './search-page.js';
import { signIn, signOut, takeTokenFromAddress, token } from './session.js';
import { startPage } from './start-page.js';

const page = document.getElementById('page');
const nav = document.getElementById('nav');
const connection = document.getElementById('connection');
let leave = () => {};
let shown = 0;

async function show() {
  const turn = (shown += 1);
  leave();
  leave = () => {};
  takeTokenFromAddress();
  document.title = titleOf(location.hash);
  if (!token()) return signInPage();
  try {
    const { viewer } = await query(VIEWER);
    if (turn === shown) leave = open(viewer);
  } catch (error) {
    if (turn === shown && error.code !== 'UNAUTHENTICATED') page.replaceChildren(problem(error, show));
  }
}

/** The address stays: whoever signs in again is where they were. */
function tokenEnded({ detail: error }) {
  if (!token()) return;
  leave();
  leave = () => {};
  signOut();
  signInPage(error);
}

function titleOf(address) {
  const [, name] = /^#\/(inbox|flows|costs|channels|search)/.exec(address) ?? [];
  return name ? `${name[0].toUpperCase()}${name.slice(1)} · Runledger` : 'Runledger';
}

/** Draws what the address names. Returns the function that ends it. */
function open(viewer) {
  const inbox = h('a', { href: '#/inbox' }, 'Inbox');
  const told = location.hash === '#/inbox' ? inboxPage(page) : () => {};
  const waiting = requests => {
    inbox.replaceChildren('Inbox ', ...(requests.length > 0 ? [h('span.count', {}, String(requests.length))] : []));
    told(requests);
  };
  const unfollow = followInbox(waiting, yes => (connection.hidden = yes));
  drawNav(viewer, inbox);
  const end = location.hash === '#/inbox' ? () => {} : pageAt(location.hash, viewer);
  return () => {
    unfollow();
    connection.hidden = true;
    end();
  };
}

function pageAt(address, viewer) {
  const words = wordsInAddress();
  if (words) return searchPage(page, words);
  if (address === '#/flows') return flowsPage(page);
  if (address === '#/costs') return costsPage(page);
  if (address === '#/channels') return channelsPage(page);
  const [, flow] = /^#\/flows\/([\w.-]+)$/.exec(address) ?? [];
  if (flow) return startPage(page, flow);
  const [, run, entry] = /^#\/runs\/([\w.-]+)(?:\?entry=(.+))?$/.exec(address) ?? [];
  if (run) return runPage(page, viewer, run, entry && decoded(entry));
  if (['', '#', '#/', '#/runs'].includes(address)) return runsPage(page);
  const error = { message: 'There is no such page.', fix: 'The address was mistyped, or is of another version.' };
  deadEnd(page, error, { href: '#/', text: 'Runs' });
  return () => {};
}

function drawNav({ member, workspace, scopes }, inbox) {
  const out = () => {
    signOut();
    show();
  };
  const links = [
    h('a', { href: '#/' }, 'Runs'),
    inbox,
    h('a', { href: '#/flows' }, 'Flows'),
    ...(scopes.includes('BILLING_READ') ? [h('a', { href: '#/costs' }, 'Costs')] : []),
    ...(scopes.includes('WORKSPACE_ADMIN') ? [h('a', { href: '#/channels' }, 'Channels')] : []),
  ];
  const [, here = 'runs'] = /^#\/([a-z]+)/.exec(location.hash) ?? [];
  for (const link of links) {
    const place = link.getAttribute('href').slice(2) || 'runs';
    if (place === here) link.setAttribute('aria-current', 'page');
  }
  nav.replaceChildren(
    searchField(),
    ...links,
    h('a', { href: '/explorer' }, 'API'),
    h('span.mute.hide-small', {}, `${member.name} · ${workspace.name}`),
    h('button.quiet', { click: out }, 'Sign out'),
  );
}

function signInPage(error) {
  nav.replaceChildren();
  const field = h('input', {
    type: 'password',
    placeholder: 'rl_…',
    autocomplete: 'off',
    'aria-label': 'API token',
    required: true,
  });
  const enter = event => {
    event.preventDefault();
    signIn(field.value);
    show();
  };
  page.replaceChildren(
    h(
      'form.card.sign-in',
      { submit: enter },
      h('h1', {}, 'Sign in'),
      h('p.mute', {}, 'Paste an API token. It is kept for this tab only.'),
      field,
      h('button.primary', { type: 'submit' }, 'Continue'),
      error && problem(error),
    ),
  );
  field.focus();
}

addEventListener('token-ended', tokenEnded);
addEventListener('hashchange', () => {
  scrollTo(0, 0);
  page.focus({ preventScroll: true });
  show();
});
document.querySelector('.skip-link').addEventListener('click', event => {
  event.preventDefault(); // its address would be taken for that of a page
  page.focus();
});
show();
