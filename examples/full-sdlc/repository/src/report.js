/** Rows of one report: each an object with the same keys. */

/** A plain-text table: a header line, then one line per row, columns padded to the widest cell. */
export function toTable(rows) {
  if (rows.length === 0) return '';
  const columns = Object.keys(rows[0]);
  const width = column => Math.max(column.length, ...rows.map(row => String(row[column]).length));
  const line = cells =>
    columns
      .map((column, i) => String(cells[i]).padEnd(width(column)))
      .join('  ')
      .trimEnd();
  return [line(columns), ...rows.map(row => line(columns.map(column => row[column])))].join('\n');
}
