/** Most characters that are one text to the search: so far apart may words be that are found together. */
export const PART_CHARS = 16_384;

/** The text in parts that are searched each for itself, parted between words where there is a gap. */
export function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length;) {
    const to = text.length - from <= PART_CHARS ? text.length : gapBefore(text, from + PART_CHARS);
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

function gapBefore(text: string, end: number): number {
  const gap = Math.max(text.lastIndexOf(' ', end - 1), text.lastIndexOf('\n', end - 1));
  return gap > end - PART_CHARS / 2 ? gap + 1 : end;
}
