/**
 * Says at the end which spec files took the most CPU time, so that what `npm test` costs stays in sight: the whole of it is to
 * take less than ten minutes on two cores. What the shared PostgreSQL did for a file is not in its figure.
 */
const SHOWN = 20;

export default class CostReporter {
  #files = [];

  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onTestResult({ path }, { cpu, perfStats }) {
    if (cpu) this.#files.push({ path: path.slice(this.rootDir.length + 1), cpu, wallMs: perfStats.runtime });
  }

  onRunComplete() {
    if (this.#files.length > 1) process.stderr.write(`\n${costsText(this.#files)}\n`);
  }
}

/** `files`: path, `cpu` (s) of the process that ran the specs and of the `children` that it started, `wallMs`. */
export function costsText(files) {
  const total = files.reduce((sum, file) => sum + costOf(file), 0);
  const most = files.toSorted((one, other) => costOf(other) - costOf(one)).slice(0, SHOWN);
  return [
    `CPU time of the spec files: ${(total / 60).toFixed(1)} min; those that took the most:`,
    ...most.map(file => `${seconds(costOf(file))} ${seconds(file.wallMs / 1_000)} ${file.path}`),
  ].join('\n');
}

function costOf({ cpu }) {
  return cpu.own + cpu.children;
}

function seconds(value) {
  return `${value.toFixed(1)} s`.padStart(8);
}
