/** Reads Jest's report the way `npm test` counts it. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Counts specs. One that was skipped counts as failed and is listed in `unproven`, unless its name says that it needs a program
 * which this machine does not have; `required` programs are no such excuse. A file that could not even be loaded counts as one failure.
 */
export function summarise(report, { searchPath = process.env.PATH ?? '', required = [] } = {}) {
  const skipped = report.testResults.flatMap(file =>
    file.assertionResults
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => fullName),
  );
  const unproven = skipped.filter(name => !lacksWhatItNeeds(name, searchPath, required));
  const notLoaded = report.testResults.filter(file => file.status === 'failed' && file.assertionResults.length === 0);
  const known = report.numFailedTests + notLoaded.length;
  const other = report.success || known > 0 ? 0 : 1; // whatever else Jest calls a failure
  return { passed: report.numPassedTests, failed: known + unproven.length + other, unproven };
}

function lacksWhatItNeeds(name, searchPath, required) {
  const [, programs = ''] = /\(needs ([^)]+)\)/.exec(name) ?? [];
  const excuses = programs.split(/,\s*|\s+and\s+/).filter(program => program !== '' && !required.includes(program));
  return excuses.some(program => !isOnPath(program, searchPath));
}

function isOnPath(program, searchPath) {
  return searchPath.split(delimiter).some(folder => folder && existsSync(join(folder, program)));
}
