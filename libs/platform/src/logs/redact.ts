export const REDACTED = '[redacted]';

/**
 * A member whose name says that its value is secret; also inside JSON that was quoted into a text, where the quotes carry
 * back-slashes. Values are passed over escape by escape, so that what remains is valid JSON.
 */
const SECRET_MEMBER =
  /(\\*")([\w.-]*(?:passw(?:or)?d|secret|token|api[-_]?key|authorization|cookie|credentials?|private[-_]?key))(\1\s*:\s*\[?\s*\1)((?:\\\\\\.|(?!\1)(?:\\.|[^"\\]))*)/gi;

/** Values that show by their own form what they are. */
const SECRET_FORMS: readonly RegExp[] = [
  /\brl_[A-Za-z0-9]+_[A-Za-z0-9_-]{8,}/g, // our API tokens
  /\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /\bBasic\s+(?=[a-z+/]*[A-Z0-9=])[A-Za-z0-9+/]{8,}={0,2}/g,
  /\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, // JSON Web Tokens
  /\bsk-[A-Za-z0-9_-]{16,}/g, // model providers
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})/g,
  /\bxox[a-z]-[A-Za-z0-9-]{10,}/g, // Slack
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, // AWS
  /-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs,
];

/** The password in a URL such as a database address. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"\\]*:)[^\s@/"\\]+@/gi;

/** The text with everything taken out that looks like a secret. JSON stays valid JSON. */
export function redact(text: string): string {
  const named = text.replace(SECRET_MEMBER, `$1$2$3${REDACTED}`).replace(URL_PASSWORD, `$1${REDACTED}@`);
  return SECRET_FORMS.reduce((cleaner, form) => cleaner.replace(form, REDACTED), named);
}
