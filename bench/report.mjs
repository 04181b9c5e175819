/**
 * What a bench module answers, and how it is summed up.
 *
 * A module `bench/<name>.mjs` exports `run({ databaseUrl, rounds, quick, log })` and answers
 *   {
 *     figures: [{ name, unit, values: [one number per round], goal?: { atLeast? , atMost? } }],
 *     ratios?: [{ name, of: <figure>, to: <figure>, goal?: { atLeast?, atMost? } }],   // taken round by round
 *     checks?: [{ name, met: boolean, detail? }],                                     // nothing lost, same bytes, …
 *   }
 * Goals are judged by the median. A module that measures latencies beside rates sums up by itself (`rounds.mjs`) and
 * answers `{ figures: { name: {…} }, ratios: { name: median }, goals: [goal(…)] }`; that goes into the report as it is.
 */

export function summarise(answer) {
  if (!Array.isArray(answer.figures)) return answer;
  const { figures, ratios = [], checks = [] } = answer;
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
  const lines = ({ figures, ratios, checks, goals }) => goals ?? [...figures, ...ratios, ...checks];
  return Object.values(modules)
    .flatMap(lines)
    .every(line => line.met !== false);
}

export function table(modules, about) {
  const lines = [
    `Runledger bench, ${about.date}`,
    `${about.machine.cpu}, ${about.machine.cores} cores, ${about.machine.memory}`,
  ];
  lines.push(`${about.versions.postgres}, Node ${about.versions.node}; min / median / max of ${about.rounds} rounds`);
  lines.push(`load before: ${about.load.before.join(' ')}, after: ${about.load.after.join(' ')}`);
  for (const [name, summary] of Object.entries(modules)) {
    lines.push('', `== ${name}`, ...(summary.goals ? ownSummary(summary) : ownFigures(summary)));
  }
  return lines.join('\n');
}

function ownFigures({ figures, ratios, checks }) {
  return [
    ...figures.map(line => row(`${line.name} (${line.unit})`, line)),
    ...ratios.map(line => row(`ratio: ${line.name}`, line)),
    ...checks.map(({ name, met, detail = '' }) =>
      `  ${name.padEnd(WIDTH)}  ${met ? 'yes' : 'NO'}  ${detail}`.trimEnd(),
    ),
  ];
}

function ownSummary({ figures, ratios, goals }) {
  const single = value => readable(value).padStart(9);
  return [
    ...Object.entries(figures).flatMap(([name, parts]) =>
      Object.entries(parts).map(([part, value]) =>
        typeof value === 'number'
          ? `  ${`${name}, ${part}`.padEnd(WIDTH)}${single(value)}`
          : row(`${name}, ${part}`, value),
      ),
    ),
    ...Object.entries(ratios).map(([name, value]) => `  ${`ratio: ${name}`.padEnd(WIDTH)}${single(value)}`),
    ...goals.map(({ name, value, met, atLeast, atMost }) => {
      const verdict = `goal ${goalText({ atLeast, atMost })}: ${met ? 'met' : 'MISSED'}`;
      return `  ${name.padEnd(WIDTH)}${single(Number(value))}   ${verdict}`;
    }),
  ];
}

const WIDTH = 66;

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
