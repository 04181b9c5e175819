/** Writes what was measured into docs/reference/performance.md, between the markers; the text around them is written by people. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const PAGE = new URL('../docs/reference/performance.md', import.meta.url);
const BEGIN = name => `<!-- bench:${name} -->`;
const END = name => `<!-- /bench:${name} -->`;

/** Replaces the tables of the modules that were measured; those of the others stay as they are. */
export async function writePage(modules, about) {
  let text = await readFile(PAGE, 'utf8');
  for (const [name, summary] of Object.entries(modules)) {
    const [begin, end] = [text.indexOf(BEGIN(name)), text.indexOf(END(name))];
    if (begin < 0 || end < begin) throw new Error(`docs/reference/performance.md has no place for ${name}.`);
    text = `${text.slice(0, begin)}${BEGIN(name)}\n\n${section(summary, about)}\n\n${text.slice(end)}`;
  }
  const filepath = fileURLToPath(PAGE);
  await writeFile(PAGE, await format(text, { ...(await resolveConfig(filepath)), filepath }));
}

function section(summary, { date, machine, versions, rounds, load }) {
  const measured = `_${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${versions.postgres}, Node ${versions.node}; ${rounds} rounds; load average ${load.before[0]} before, ${load.after[0]} after._`;
  const rows = summary.goals ? ownRows(summary) : plainRows(summary);
  return [measured, '', '| | min | median | max | goal |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function plainRows({ figures, ratios, checks }) {
  return [
    ...figures.map(line => spreadRow(`${line.name} (${line.unit})`, line)),
    ...ratios.map(line => spreadRow(`**${line.name}**`, line)),
    ...checks.map(({ name, met }) => row(name, '', met ? 'yes' : 'no', '', '')),
  ];
}

function ownRows({ figures, ratios, goals }) {
  const parts = Object.entries(figures).flatMap(([name, each]) =>
    Object.entries(each).map(([part, value]) =>
      typeof value === 'number'
        ? row(`${name}, ${part}`, '', readable(value), '', '')
        : spreadRow(`${name}, ${part}`, value),
    ),
  );
  return [
    ...parts,
    ...Object.entries(ratios).map(([name, value]) => row(`**${name}**`, '', readable(value), '', '')),
    ...goals.map(each => row(each.name, '', readable(Number(each.value)), '', verdict(each, each.met))),
  ];
}

function spreadRow(name, { min, median, max, goal, met }) {
  return row(name, readable(min), readable(median), readable(max), goal ? verdict(goal, met) : '');
}

function row(...cells) {
  return `| ${cells.join(' | ')} |`;
}

function verdict({ atLeast, atMost }, met) {
  const text = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return `${text}: ${met ? 'met' : 'missed'}`;
}

function readable(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
