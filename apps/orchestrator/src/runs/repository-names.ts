/**
 * Whether a repository's address and what someone calls it are the same: the address itself, with or without `.git`, over
 * HTTPS or SSH, or the end of its path (`acme/web` or `web` for `https://github.com/acme/web.git`). Any case.
 */
export function isSameRepository(url: string, called: string): boolean {
  const address = partsOf(url);
  const wanted = partsOf(called);
  if (wanted.length === 0 || wanted.length > address.length) return false;
  return wanted.every((part, index) => part === address[address.length - wanted.length + index]);
}

/** `git@github.com:acme/web.git`, `ssh://git@github.com/acme/web` and `https://github.com/acme/web/` are all github.com, acme, web. */
function partsOf(address: string): string[] {
  return address
    .toLowerCase()
    .replace(/^[a-z+]+:\/\//, '')
    .replace(/^[^@/]+@/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split(/[/:]/)
    .filter(part => part !== '');
}
