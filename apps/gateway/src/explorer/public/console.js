import { costsPage } from './costs-page.js';
import { h, problem } from './elements.js';
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
let leave = () => {};

async function show() {
  leave();
  leave = () => {};
  takeTokenFromAddress();
  document.title = 'Runledger';
  if (!token()) return signInPage();
  try {
    const { viewer } = await query(VIEWER);
    leave = open(viewer);
  } catch (error) {
    if (error.code !== 'UNAUTHENTICATED') return page.replaceChildren(problem(error));
    signOut();
    return signInPage(error);
  }
}

/** Draws what the address names. Returns the function that ends it. */
function open(viewer) {
  const inbox = h('a', { href: '#/inbox' }, 'Inbox');
  const told = location.hash === '#/inbox' ? inboxPage(page) : () => {};
  const unfollow = followInbox(requests => {
    inbox.replaceChildren('Inbox', ...(requests.length > 0 ? [h('span.count', {}, String(requests.length))] : []));
    told(requests);
  });
  drawNav(viewer, inbox);
  const end = location.hash === '#/inbox' ? () => {} : pageAt(location.hash);
  return () => {
    unfollow();
    end();
  };
}

function pageAt(address) {
  const words = wordsInAddress();
  if (words) return searchPage(page, words);
  if (address === '#/flows') return flowsPage(page);
  if (address === '#/costs') return costsPage(page);
  const [, flow] = /^#\/flows\/([\w.-]+)$/.exec(address) ?? [];
  if (flow) return startPage(page, flow);
  const [, run, entry] = /^#\/runs\/([\w.-]+)(?:\?entry=(.+))?$/.exec(address) ?? [];
  return run ? runPage(page, run, entry && decoded(entry)) : runsPage(page);
}

function drawNav({ member, workspace, scopes }, inbox) {
  const out = () => {
    signOut();
    show();
  };
  nav.replaceChildren(
    searchField(),
    h('a', { href: '#/' }, 'Runs'),
    inbox,
    h('a', { href: '#/flows' }, 'Flows'),
    ...(scopes.includes('BILLING_READ') ? [h('a', { href: '#/costs' }, 'Costs')] : []),
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

addEventListener('hashchange', show);
show();
