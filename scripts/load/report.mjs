/** Figures of one load, and what was checked. Times are ms. */
export function report(plan, { runIds, tookMs, startMs, decideMs, watched, behind, notNow, checks, place }) {
  const lateMs = watched.flatMap(each => each.lateMs);
  return {
    store: plan.store,
    distribution: plan.distribution,
    mode: plan.mode,
    place,
    runs: runIds.length,
    steps: plan.steps,
    functions: plan.functions,
    tookMs: Math.round(tookMs),
    runsPerSecond: rounded((runIds.length / tookMs) * 1_000),
    stepsPerSecond: rounded(((runIds.length * plan.steps) / tookMs) * 1_000),
    happenedToSeen: percentiles(lateMs),
    subscribedToFirst: percentiles(watched.map(({ askedAt, firstAt }) => firstAt - askedAt)),
    startRun: percentiles(startMs),
    decide: percentiles(decideMs),
    behind,
    notNow,
    drops: watched.reduce((sum, { drops }) => sum + drops, 0),
    checks,
  };
}

export function summaryOf({ checks, happenedToSeen, subscribedToFirst, startRun, decide, ...result }) {
  const figures = [
    `${result.store} + ${result.distribution}, ${result.mode}: ${result.runs} runs of ${result.steps} steps, ${result.functions} of them functions, in ${(result.tookMs / 1_000).toFixed(1)} s`,
    `  ${result.runsPerSecond} runs/s, ${result.stepsPerSecond} steps/s`,
    `  an event happens → a subscriber has it: ${times(happenedToSeen)}`,
    `  a subscription is asked for → its first event: ${times(subscribedToFirst)}`,
    `  startRun: ${times(startRun)}   decide: ${times(decide)}`,
    ...(result.behind > 0 ? [`  the API said ${result.behind} times that its read models are behind`] : []),
    ...(result.notNow > 0 ? [`  the API declined ${result.notNow} times for the moment`] : []),
    ...(result.drops > 0
      ? [`  subscribers lost their connection ${result.drops} times and went on behind what they had`]
      : []),
  ];
  const lines = checks.map(
    ({ name, met, detail }) => `  ${met ? 'ok  ' : 'FAIL'} ${name}${detail ? `: ${detail}` : ''}`,
  );
  return [...figures, ...lines].join('\n');
}

function times({ p50, p99, count }) {
  return `p50 ${p50} ms, p99 ${p99} ms (${count})`;
}

function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

function rounded(value) {
  return Math.round(value * 10) / 10;
}
