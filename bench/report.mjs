/**
 * What a bench module answers, and how it is summed up.
 *
 * A module `bench/<name>.mjs` exports `run({ databaseUrl, rounds, quick, log })` and answers
 *   {
 *     figures: [{ name, unit, values: [one number per round], goal?: { atLeast? , atMost? } }],
 *     ratios?: [{ name, of: <figure>, to: <figure>, goal?: { atLeast?, atMost? } }],   // taken round by round
 *     checks?: [{ name, met: boolean, detail? }],                                     // nothing lost, same bytes, …
 *   }
 * Goals are judged by the median.
 */

export function summarise({ figures, ratios = [], checks = [] }) {
  const byName = new Map(figures.map(figure => [figure.name, figure]));
  return {
    figures: figures.map(({ name, unit, values, goal }) => ({
      name,
      unit,
      ...spread(values),
      ...judged(values, goal),
    })),
    ratios: ratios.map(({ name, of, to, goal }) => {
      const base = figureOf(byName, to).values;
      const values = figureOf(byName, of).values.map((value, round) => value / base[round]);
      return { name, of, to, ...spread(values), ...judged(values, goal) };
    }),
    checks,
  };
}

/** True when every goal and check of every module was met. */
export function allMet(modules) {
  return Object.values(modules).every(({ figures, ratios, checks }) =>
    [...figures, ...ratios, ...checks].every(line => line.met !== false),
  );
}

export function table(modules, about) {
  const lines = [
    `Runledger bench, ${about.date}`,
    `${about.machine.cpu}, ${about.machine.cores} cores, ${about.machine.memory}`,
  ];
  lines.push(`${about.versions.postgres}, Node ${about.versions.node}; min / median / max of ${about.rounds} rounds`);
  lines.push(`load before: ${about.load.before.join(' ')}, after: ${about.load.after.join(' ')}`);
  for (const [name, { figures, ratios, checks }] of Object.entries(modules)) {
    lines.push('', `== ${name}`);
    for (const line of figures) lines.push(row(`${line.name} (${line.unit})`, line));
    for (const line of ratios) lines.push(row(`ratio: ${line.name}`, line));
    for (const { name: what, met, detail } of checks) {
      lines.push(`  ${what.padEnd(WIDTH)}  ${met ? 'yes' : 'NO'}${detail === undefined ? '' : `  ${detail}`}`);
    }
  }
  return lines.join('\n');
}

const WIDTH = 62;

function row(label, { min, median, max, goal, met }) {
  const values = [min, median, max].map(value => readable(value).padStart(9)).join(' /');
  const verdict = goal === undefined ? '' : `   goal ${goalText(goal)}: ${met ? 'met' : 'MISSED'}`;
  return `  ${label.padEnd(WIDTH)}${values}${verdict}`;
}

function goalText({ atLeast, atMost }) {
  return [atLeast === undefined ? [] : [`≥ ${atLeast}`], atMost === undefined ? [] : [`≤ ${atMost}`]]
    .flat(2)
    .join(', ');
}

function judged(values, goal) {
  if (goal === undefined) return {};
  const { median } = spread(values);
  return { goal, met: median >= (goal.atLeast ?? -Infinity) && median <= (goal.atMost ?? Infinity) };
}

function spread(values) {
  if (values.length === 0) throw new Error('A figure needs at least one round.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  return { min: sorted[0], median: middle, max: sorted.at(-1) };
}

function figureOf(byName, name) {
  const figure = byName.get(name);
  if (!figure) throw new Error(`A ratio names the figure "${name}", which the module does not give.`);
  return figure;
}

function readable(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
