/**
 * Measuring side by side: every cell is run once per round, in turn, and ratios compare cells of the same round, because
 * absolute figures move with whatever else the machine does.
 */

/** Runs `work(caller, turn)` from `callers` loops for a while; answers turns per second and latencies in ms. */
export async function rate({ callers, seconds, warmUpSeconds = 0.2 }, work) {
  const latencies = [];
  const started = performance.now() + warmUpSeconds * 1000;
  const end = started + seconds * 1000;
  let turns = 0;
  const loop = async caller => {
    for (let turn = 0; ; turn += 1) {
      const before = performance.now();
      if (before >= end) return;
      await work(caller, turn);
      if (before < started) continue;
      turns += 1;
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => loop(caller)));
  return { perSecond: turns / ((performance.now() - started) / 1000), ...percentiles(latencies) };
}

export function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/**
 * `cells`: name → async () => measurement. Answers name → one measurement per round. A round before the first is not counted:
 * code is compiled in it, pages and segments of the write-ahead log are made. Every second round goes backwards, so that no
 * cell always comes after the same one.
 */
export async function inRounds(rounds, cells) {
  const inTurn = Object.entries(cells);
  const results = Object.fromEntries(inTurn.map(([name]) => [name, []]));
  for (const [, measure] of inTurn) await measure();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measure] of inTurn) results[name].push(await measure());
    inTurn.reverse();
  }
  return results;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Least, median and most of one property over the rounds. */
export function spread(results, property) {
  const values = results.map(result => result[property]);
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** Median of the ratios of the rounds. */
export function ratio(results, base, property) {
  return median(results.map((result, round) => result[property] / base[round][property]));
}

/** A goal as the report shows it; `direction` is `atLeast` or `atMost`. */
export function goal(name, value, direction, limit) {
  const met = direction === 'atLeast' ? value >= limit : value <= limit;
  return { name, value, [direction]: limit, met };
}
