/** The chart rendered: by helm where it is installed, else by infra/helm/render, which needs Go alone. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const infra = join(import.meta.dirname, '..', '..', 'infra', 'helm');
export const chartFolder = join(infra, 'runledger');
const RELEASE = 'demo';
const KUBERNETES = '1.33.0';

export function has(program) {
  return (process.env.PATH ?? '').split(delimiter).some(folder => folder && existsSync(join(folder, program)));
}

/** What helm or Go print before they fail is the failure. */
function run(program, args, options = {}) {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1e8, stdio: ['pipe', 'pipe', 'pipe'], ...options });
}

export function readChart() {
  const read = name => readFileSync(join(chartFolder, name), 'utf8');
  return {
    chart: parse(read('Chart.yaml')),
    values: parse(read('values.yaml')),
    schema: JSON.parse(read('values.schema.json')),
  };
}

/** Objects of the chart with these values over its own. Throws what the chart says when it refuses them. */
export function render(values = {}, { by = has('helm') ? 'helm' : 'go' } = {}) {
  const text = by === 'helm' ? byHelm(values) : byGo(values);
  return parseAllDocuments(text, { version: '1.1' })
    .map(document => document.toJSON())
    .filter(Boolean);
}

function byHelm(values) {
  return withFile(values, file =>
    run('helm', ['template', RELEASE, chartFolder, '--kube-version', KUBERNETES, '--values', file]),
  );
}

/** Built once per process that asks; the build is cached by Go. */
let renderer;
function byGo(values) {
  if (!renderer) {
    renderer = join(mkdtempSync(join(tmpdir(), 'runledger-chart-')), 'render');
    process.once('exit', () => rmSync(join(renderer, '..'), { recursive: true, force: true }));
    run('go', ['build', '-o', renderer, '.'], {
      cwd: join(infra, 'render'),
      env: { ...process.env, GOTOOLCHAIN: 'local' },
    });
  }
  const { chart, values: defaults } = readChart();
  const Chart = { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion };
  const Release = { Name: RELEASE, Namespace: 'default', Service: 'Helm' };
  const input = JSON.stringify({ Values: merged(defaults, values), Release, Chart });
  const files = JSON.parse(run(renderer, [chartFolder], { input }));
  return Object.entries(files)
    .filter(([name]) => name.endsWith('.yaml'))
    .map(([, text]) => text)
    .join('\n---\n');
}

export function lint(values = {}) {
  return withFile(values, file =>
    run('helm', ['lint', '--strict', chartFolder, '--values', file, '--kube-version', KUBERNETES]),
  );
}

/** As helm does: objects are merged, anything else is replaced. */
export function merged(base, over) {
  if (!isObject(base) || !isObject(over)) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map(key => [key, key in over ? merged(base[key], over[key]) : base[key]]));
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withFile(values, work) {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-chart-'));
  try {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
