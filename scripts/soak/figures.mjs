/** The stage at which an item is handed to a socket. */
export const WRITTEN = 'written';

export function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0, count: sorted.length };
}

/** What is wrong, in words; empty: nothing. */
export function faultsOf({ gaps, repeats, disorder, unfinished, problems, visibleMs, carried }, { p99Ms }) {
  return [
    gaps > 0 && `${gaps} items are missing`,
    repeats > 0 && `${repeats} items came twice`,
    disorder > 0 && `${disorder} readers saw another order, or another text, than the log has`,
    unfinished > 0 && `${unfinished} readers never came to the end of the log`,
    !carried.met && `not so: ${carried.name} (${carried.detail})`,
    ...Object.entries(problems).map(([code, count]) => `${count} readers gave up: ${code}`),
    p99Ms !== undefined && visibleMs.p99 > p99Ms && `p99 is ${visibleMs.p99.toFixed(0)} ms, more than ${p99Ms}`,
  ].filter(fault => typeof fault === 'string');
}

export function summaryOf(figures, faults) {
  const { sockets, runs, events, perSecond, items, cuts, secondCuts, lagged, expired, appendMs, visibleMs } = figures;
  const ms = ({ p50, p99, max }) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms`;
  return [
    '',
    `${sockets} sockets on ${runs} runs: ${events} events (${perSecond.toFixed(0)}/s), ${items} items`,
    `cut ${cuts} times, ${secondCuts} of them again before the first item; ${lagged} times told to lag, ${expired} cursors expired`,
    `gaps ${figures.gaps}, repeats ${figures.repeats}, out of order ${figures.disorder}, unfinished ${figures.unfinished}`,
    `append:            ${ms(appendMs)}`,
    `append to visible: ${ms(visibleMs)} (${visibleMs.count} items; of sockets that were open for a second)`,
    ...wayOf(figures, ms),
    ...coresIn(figures),
    faults.length === 0 ? 'Every reader has the log.' : `FAULTS: ${faults.join('; ')}`,
  ].join('\n');
}

/** Where the time went: how late each stage of the way was, all since the call of append, and what held the platform's thread up. */
function wayOf({ inside: { stages, heldUpMs, collectionMs, cpuSeconds } }, ms) {
  const written = stages[WRITTEN]?.count ?? 0;
  return [
    'on the way, since the call of append:',
    ...Object.entries(stages).map(([stage, lateMs]) => `  ${stage.padEnd(16)} ${ms(lateMs)}`),
    `platform's thread: turns ${ms(heldUpMs)}; ${collectionMs.count} collections, ${ms(collectionMs)}`,
    `platform's CPU: user ${cpuSeconds.user.toFixed(2)} s, system ${cpuSeconds.system.toFixed(2)} s, for ${written} items ${perItem(cpuSeconds, written)} µs each with all else that it does`,
  ];
}

function perItem({ user, system }, items) {
  return items === 0 ? '-' : (((user + system) * 1e6) / items).toFixed(0);
}

function coresIn({ coresUsed, cores }) {
  const used = Object.entries(coresUsed).map(([name, count]) => `${name} ${count.toFixed(2)}`);
  if (used.length === 0) return [];
  const confined = cores === undefined ? '' : ` (platform and database had ${cores})`;
  return [`cores while it wrote: ${used.join(', ')}${confined}`];
}
