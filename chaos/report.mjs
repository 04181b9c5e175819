import { percentiles } from '../bench/rounds.mjs';

const SHOWN_FINDINGS = 40;
const RESUMED_MS = 10_000;
const SHOWN_REASONS = 5;
const SHOWN_STANDSTILLS = 3;

/** Prints the figures and what was found; answers the exit code. */
export function report({ values, begun, load, disasters, subscribers, api, verdict, projections }) {
  const { findings, cutOff, calledAgain, resumed } = verdict;
  const { p50, p99, max } = percentiles(resumed.map(({ ms }) => ms));
  const last = percentiles(resumed.filter(({ isLast }) => isLast).map(({ ms }) => ms));
  const ended = Object.groupBy(load.runs, run => run.status ?? 'not ended');
  const lines = [
    `seed ${values.seed}, ${values.minutes} min, ${values.store} + ${values.distribution}; ${Math.round((Date.now() - begun) / 1000)} s in all`,
    `runs             ${load.runs.length}: ${counts(Object.entries(ended).map(([name, runs]) => [name, runs.length]))}`,
    `disasters        ${disasters.struck.length}: ${counts([...disasters.done].sort())}`,
    `cut off, again   ${cutOff} calls that had not ended began again`,
    `called again     ${calledAgain} calls of functions, of which nothing was stored`,
    `subscribers      ${subscribers.seen.size}, cut off ${subscribers.resumed} times`,
    `setbacks         ${api.setbacks} answers did not come or said “not now”, and were asked for again`,
    `  because        ${counts([...api.reasons].sort(([, a], [, b]) => b - a).slice(0, SHOWN_REASONS))}`,
    `resumed          from a disaster until a run under way went on: p50 ${p50} ms, p99 ${p99} ms, most ${max} ms (goal: p99 ≤ ${RESUMED_MS} ms, ${p99 <= RESUMED_MS ? 'met' : 'MISSED'})`,
    `                 from the last of those that struck meanwhile: p50 ${last.p50} ms, p99 ${last.p99} ms, most ${last.max} ms`,
    ...longest(resumed).map(text => `  longest        ${text}`),
    `read models      ${projections.equal ? 'equal to their rebuild' : `NOT equal to their rebuild:\n${projections.detail}`}`,
    `findings         ${findings.length === 0 ? 'none' : findings.length}`,
    ...findings.slice(0, SHOWN_FINDINGS).map(finding => `  ${finding}`),
  ];
  console.log(lines.join('\n'));
  return findings.length === 0 && projections.equal ? 0 : 1;
}

/** Where runs stood still longest, one line for each such place in a run. */
function longest(resumed) {
  const places = Map.groupBy(resumed, ({ between }) => between);
  const worst = [...places.values()].map(all => all.reduce((a, b) => (a.ms > b.ms ? a : b)));
  return worst
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SHOWN_STANDSTILLS)
    .map(({ ms, between, meanwhile }) => `${ms} ms, ${between}; ${meanwhile.map(({ what }) => what).join(', ')}`);
}

function counts(entries) {
  return entries.map(([name, amount]) => `${name} ${amount}`).join(', ');
}
