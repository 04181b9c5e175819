/** What takes the place of characters that no store takes. */
const REPLACEMENT = '\uFFFD';

/** Whether a store, PostgreSQL's text among them, takes the text: it holds neither NUL nor half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** The text with U+FFFD for each character that no store takes; the same text where there is none. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', REPLACEMENT);
}

/** The text, or its beginning and an ellipsis; never half a character. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength).replace(/\p{Surrogate}$/u, '')}…`;
}
