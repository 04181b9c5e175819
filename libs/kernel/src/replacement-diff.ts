/**
 * A unified diff of a replacement, for readers: the lines that both texts begin and end with are context (three at most), the
 * rest is removed and added. Line numbers count within the replaced text.
 */
export function replacementDiff(path: string, before: string, after: string): string {
  const old = linesOf(before);
  const fresh = linesOf(after);
  const start = sharedStart(old, fresh);
  const end = sharedEnd(old.slice(start), fresh.slice(start));
  const lead = Math.min(3, start);
  const trail = Math.min(3, end);
  const removed = old.slice(start, old.length - end);
  const added = fresh.slice(start, fresh.length - end);
  const first = start - lead + 1;
  const hunk = `@@ -${range(first, lead + removed.length + trail)} +${range(first, lead + added.length + trail)} @@`;
  return [
    `--- a/${path}`,
    `+++ b/${path}`,
    hunk,
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

function sharedEnd(a: readonly string[], b: readonly string[]): number {
  return sharedStart([...a].reverse(), [...b].reverse());
}

function range(first: number, count: number): string {
  return count === 1 ? String(first) : `${count === 0 ? first - 1 : first},${count}`;
}
