import { summarise } from './test-report.mjs';

const file = (...results) => ({
  status: results.some(([status]) => status === 'failed') ? 'failed' : 'passed',
  assertionResults: results.map(([status, fullName]) => ({ status, fullName })),
});

function reportOf(...testResults) {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const numberOf = wanted => all.filter(({ status }) => status === wanted).length;
  const success = testResults.every(({ status }) => status === 'passed');
  return { success, numPassedTests: numberOf('passed'), numFailedTests: numberOf('failed'), testResults };
}

describe('the count at the end of npm test', () => {
  it('counts what passed and what failed', () => {
    const report = reportOf(file(['passed', 'a'], ['failed', 'b']), file(['passed', 'c']));
    expect(summarise(report)).toEqual({ passed: 2, failed: 1, unproven: [] });
  });

  it('takes a skipped spec for a failed one', () => {
    const report = reportOf(file(['passed', 'a'], ['pending', 'b'], ['todo', 'c']));
    expect(summarise(report)).toEqual({ passed: 1, failed: 2, unproven: ['b', 'c'] });
  });

  it('lets a spec be skipped only where a program is absent that its name asks for', () => {
    const report = reportOf(file(['pending', 'opens a page (needs no-such-browser)'], ['pending', 'lists (needs sh)']));
    expect(summarise(report, { searchPath: '/bin:/usr/bin' })).toEqual({
      passed: 0,
      failed: 1,
      unproven: ['lists (needs sh)'],
    });
  });

  it('accepts no excuse for a program that must be there', () => {
    const report = reportOf(file(['pending', 'on a real broker (needs no-such-java and no-such-mvn)']));
    expect(summarise(report)).toMatchObject({ failed: 0 });
    expect(summarise(report, { required: ['no-such-java', 'no-such-mvn'] })).toMatchObject({ failed: 1 });
  });

  it('counts a file that could not be loaded, and any other failure of the run', () => {
    expect(summarise(reportOf({ status: 'failed', assertionResults: [] }))).toMatchObject({ passed: 0, failed: 1 });
    expect(summarise({ ...reportOf(file(['passed', 'a'])), success: false })).toMatchObject({ passed: 1, failed: 1 });
  });
});
