/** A unified diff of a text that replaces another: what both begin and end with is context, three lines at most. */
export function instructionsDiff(before: string, after: string): string {
  const old = linesOf(before);
  const fresh = linesOf(after);
  const start = sharedStart(old, fresh);
  const end = sharedStart(old.slice(start).reverse(), fresh.slice(start).reverse());
  const lead = Math.min(3, start);
  const trail = Math.min(3, end);
  const removed = old.slice(start, old.length - end);
  const added = fresh.slice(start, fresh.length - end);
  const first = start - lead + 1;
  return [
    '--- a/instructions',
    '+++ b/instructions',
    `@@ -${range(first, lead + removed.length + trail)} +${range(first, lead + added.length + trail)} @@`,
    ...old.slice(start - lead, start).map(line => ` ${line}`),
    ...removed.map(line => `-${line}`),
    ...added.map(line => `+${line}`),
    ...old.slice(old.length - end, old.length - end + trail).map(line => ` ${line}`),
  ].join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function sharedStart(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
  return count;
}

/** An empty range begins before its first line. */
function range(first: number, length: number): string {
  return length === 1 ? String(first) : `${length === 0 ? first - 1 : first},${length}`;
}
