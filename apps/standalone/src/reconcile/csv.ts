/**
 * The records of a CSV file (RFC 4180), by the names in its first line, in lower case. Quoted fields may hold anything. Fields are separated by
 * commas, or by semicolons or tabs where its first line has more of these: spreadsheets write what is usual in their country.
 */
export function csvRecords(text: string): Map<string, string>[] {
  const plain = text.replace(/^\uFEFF/, '');
  const [header = [], ...lines] = rows(plain, separatorOf(plain)).filter(row => row.some(field => field.trim() !== ''));
  const names = header.map(name => name.trim().toLowerCase());
  return lines.map(line => new Map(names.map((name, at) => [name, (line[at] ?? '').trim()])));
}

export type Separator = ',' | ';' | '\t';

function separatorOf(text: string): Separator {
  const [names = ''] = text.replace(/"[^"]*"/g, '').split(/[\r\n]/);
  const times = (separator: Separator) => names.split(separator).length;
  return ([',', ';', '\t'] as const).reduce((most, one) => (times(one) > times(most) ? one : most));
}

const FIELDS: Readonly<Record<Separator, RegExp>> = {
  ',': /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/g,
  ';': /(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r\n|\n|\r|$)/g,
  '\t': /(?:"((?:[^"]|"")*)"|([^"\t\r\n]*))(\t|\r\n|\n|\r|$)/g,
};

function rows(text: string, separator: Separator): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(FIELDS[separator])) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === separator) continue;
    found.push(row);
    row = [];
  }
  return found;
}
