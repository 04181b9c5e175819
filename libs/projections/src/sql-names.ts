const PLAIN_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** A table or column name in quotes. Names come from the program, never from data; still only plain ones are taken. */
export function quotedName(name: string): string {
  if (!PLAIN_NAME.test(name)) {
    throw new TypeError(`"${name}" is no SQL name that is taken here: lower-case letters, digits and _ only.`);
  }
  return `"${name}"`;
}

/** `schema.table` (or `table`) in quotes. */
export function quotedTable(table: string): string {
  return table.split('.').map(quotedName).join('.');
}
