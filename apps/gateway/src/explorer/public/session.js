const KEY = 'runledger.token';

/** Takes the token out of `#token=…`, so that it stays neither in the address bar nor in the history. */
export function takeTokenFromAddress() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  signIn(decodeURIComponent(found[1]));
  history.replaceState(null, '', `${location.pathname}#/`);
}

export function token() {
  return sessionStorage.getItem(KEY);
}

export function signIn(text) {
  sessionStorage.setItem(KEY, text.trim());
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}
