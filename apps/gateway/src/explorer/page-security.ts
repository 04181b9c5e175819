/** What our own pages may do: load from this server, talk to this server, and be framed by nobody. */
export function pageSecurity(more: { readonly inlineStyles?: boolean } = {}): Readonly<Record<string, string>> {
  const styles = more.inlineStyles === true ? "'self' 'unsafe-inline'" : "'self'";
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${styles}`,
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  };
}
