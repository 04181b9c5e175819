import type { IntegrationBook, KnownIntegration } from '@runledger/contracts';

/**
 * An address to which a credential may be sent: encrypted, or on the loopback of the machine. Undefined for all others, and for one that
 * carries a credential itself.
 */
export function securedAddress(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)) ? url : undefined;
}

/** The integration of kind `git` whose address covers the repository; of several the one that says most of it. */
export function coveringRepository(book: IntegrationBook, repository: string): KnownIntegration | undefined {
  const wanted = securedAddress(repository);
  if (!wanted) return undefined;
  return [...book.values()]
    .filter(({ kind, settings }) => kind === 'git' && covers(settings['url'] ?? '', wanted))
    .sort((one, other) => lengthOf(other) - lengthOf(one))[0];
}

function covers(prefix: string, wanted: URL): boolean {
  const own = securedAddress(prefix);
  if (own?.origin !== wanted.origin) return false;
  const path = own.pathname.replace(/\/+$/, '');
  return wanted.pathname === path || wanted.pathname.startsWith(`${path}/`);
}

function lengthOf({ settings }: KnownIntegration): number {
  return (settings['url'] ?? '').replace(/\/+$/, '').length;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
