/** The records of a CSV file (RFC 4180), by the names in its first line, in lower case. Quoted fields may hold anything. */
export function csvRecords(text: string): Map<string, string>[] {
  const [header = [], ...lines] = rows(text.replace(/^\uFEFF/, '')).filter(row =>
    row.some(field => field.trim() !== ''),
  );
  const names = header.map(name => name.trim().toLowerCase());
  return lines.map(line => new Map(names.map((name, at) => [name, (line[at] ?? '').trim()])));
}

function rows(text: string): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    found.push(row);
    row = [];
  }
  return found;
}
