/** Looking through more words than these would take longer than the answer is worth. */
const MAX_WORDS = 1_000;

/** The known word that was probably meant, or undefined when none is near. */
export function closestWord(written: string, known: Iterable<string>): string | undefined {
  return closestWords(written, known, 1)[0];
}

/** Known words that may have been meant, the nearest first, so many at most; none when none is near. */
export function closestWords(written: string, known: Iterable<string>, most: number): string[] {
  if (written.length > 100) return [];
  const reach = Math.max(1, Math.floor(written.length / 3));
  const near: { readonly word: string; readonly distance: number }[] = [];
  let looked = 0;
  for (const word of known) {
    looked += 1;
    if (looked > MAX_WORDS) break;
    if (Math.abs(word.length - written.length) > reach) continue;
    const distance = editDistance(written.toLowerCase(), word.toLowerCase());
    if (distance <= reach) near.push({ word, distance });
  }
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ word }) => word);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const cells = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => cells[i * width + j] ?? 0;
  for (let j = 0; j <= b.length; j += 1) cells[j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    cells[i * width] = i;
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      cells[i * width + j] = Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1);
    }
  }
  return at(a.length, b.length);
}
