import { globSync, readFileSync } from 'node:fs';
import { METRICS } from '@runledger/platform';
import { parse } from 'yaml';

const root = new URL('..', import.meta.url);
const textOf = path => readFileSync(new URL(path, root), 'utf8');
const dashboards = globSync('infra/dashboards/*.json', { cwd: root }).map(path => JSON.parse(textOf(path)));
const alerts = parse(textOf('infra/prometheus/alerts.yaml')).groups.flatMap(({ rules }) => rules);

/** Names of series as Prometheus stores them, with the labels that they can have. */
const series = new Map(
  Object.values(METRICS).flatMap(({ name, kind, labels }) => {
    const ends = kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    return ends.map(end => [`${name}${end}`, new Set([...labels, 'service', 'instance', 'job', 'le'])]);
  }),
);

/** What a query asks for that is not there: series, or labels in braces behind one. */
function unknownIn(query) {
  const asked = [...query.matchAll(/\b(runledger_\w+)(?:\{([^}]*)\})?/g)];
  return asked.flatMap(([, name, selectors = '']) => {
    const labels = [...selectors.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label);
    return series.has(name) ? labels.filter(label => !series.get(name).has(label)) : [name];
  });
}

const panels = dashboards.flatMap(dashboard => dashboard.panels.filter(({ targets }) => targets));

describe('the dashboard', () => {
  it.each(panels.map(panel => [panel.title, panel]))('draws only what is measured: %s', (_title, { targets }) => {
    for (const { expr } of targets) expect([expr, unknownIn(expr)]).toEqual([expr, []]);
  });

  it('has its panels beside each other, not on top', () => {
    const cells = dashboards[0].panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  it('shows every metric of ours', () => {
    const drawn = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');
    expect(Object.values(METRICS).filter(({ name }) => !drawn.includes(name) && name !== METRICS.logHead.name)).toEqual(
      [],
    );
  });
});

describe('the alerts', () => {
  it.each(alerts.map(rule => [rule.alert, rule]))(
    'ask only for what is measured, and say what to do: %s',
    (_name, rule) => {
      expect(unknownIn(rule.expr)).toEqual([]);
      expect(rule.labels.severity).toMatch(/^(warning|critical)$/);
      expect(rule.annotations).toEqual({ summary: expect.any(String), description: expect.stringMatching(/\.$/) });
    },
  );

  it('notice a name that is not there, and a label that a metric does not have', () => {
    expect(unknownIn('rate(runledger_appends[5m])')).toEqual(['runledger_appends']);
    expect(unknownIn('runledger_appends_total{run="x", outcome="failed"}')).toEqual(['run']);
    expect(unknownIn('runledger_append_duration_seconds')).toEqual(['runledger_append_duration_seconds']);
  });
});
