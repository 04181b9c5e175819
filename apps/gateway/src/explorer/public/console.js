import { h, problem } from './elements.js';
import { query } from './graphql.js';
import { VIEWER } from './queries.js';
import { runPage } from './run-page.js';
import { runsPage } from './runs-page.js';
import { decoded, searchField, searchPage, wordsInAddress } from './search-page.js';
import { signIn, signOut, takeTokenFromAddress, token } from './session.js';

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
    drawNav(viewer);
  } catch (error) {
    if (error.code !== 'UNAUTHENTICATED') return page.replaceChildren(problem(error));
    signOut();
    return signInPage(error);
  }
  const words = wordsInAddress();
  const [, run, entry] = /^#\/runs\/([\w.-]+)(?:\?entry=(.+))?$/.exec(location.hash) ?? [];
  if (words) leave = searchPage(page, words);
  else leave = run ? runPage(page, run, entry && decoded(entry)) : runsPage(page);
}

function drawNav({ member, workspace }) {
  const out = () => {
    signOut();
    show();
  };
  nav.replaceChildren(
    searchField(),
    h('a', { href: '#/' }, 'Runs'),
    h('a', { href: '/explorer' }, 'API explorer'),
    h('span.mute', {}, `${member.name} · ${workspace.name}`),
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
