import type { StepError } from '@runledger/contracts';
import { SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { placeOf } from './attempt-place.js';
import { failureResult } from './failure-result.js';
import { IsolationWarnings } from './isolation-warnings.js';

describe('warnings of steps without a sandbox', () => {
  const told: object[] = [];
  const log = { info: fail, error: fail, warn: (fields: object) => void told.push(fields) };
  function fail(): never {
    throw new Error('It is a warning.');
  }
  let now: number;
  let warnings: IsolationWarnings;
  beforeEach(() => {
    [now, told.length] = [0, 0];
    warnings = new IsolationWarnings(log, { nowMs: () => now });
  });
  const attempt = (runId: string) => {
    const ready = { runId, step: 'build', attempt: 1, profile: 'p', timeoutMs: 1, artifacts: [], readyAt: '' };
    return { workspaceId: 'ws', readyEventId: 'e', place: placeOf(ready), ready };
  };
  const blocked = (what: string) => failureResult(new SandboxUnavailableError(what, 'mend it'), 0);

  it('count those that come fast, of each driver', () => {
    for (now = 0; now < 20_000; now += 100) warnings.look(attempt(`run_${now}`), 'docker', blocked('it is away'));
    warnings.look(attempt('run_other'), 'bubblewrap', blocked('no namespaces'));
    expect(told).toMatchObject([
      { runId: 'run_0', driver: 'docker', steps: 1 },
      { runId: 'run_10000', driver: 'docker', steps: 100 },
      { runId: 'run_other', driver: 'bubblewrap', steps: 1 },
    ]);
  });

  it('have a bound, whatever the machine says', () => {
    warnings.look(attempt('run_1'), 'docker', blocked('no '.repeat(10_000)));
    const [{ cause }] = told as [{ cause: string }];
    expect(cause).toHaveLength(1_000);
    expect(cause).toMatch(/^Untrusted work cannot be isolated here: no no /);
  });

  it('are not for what else may block or end a step', () => {
    const others: (StepError | undefined)[] = [undefined, { code: 'MOUNT_NOT_ALLOWED', message: 'It is refused.' }];
    for (const error of others)
      warnings.look(attempt('run_1'), 'docker', { outcome: 'BLOCKED', turns: 0, ...(error && { error }) });
    expect(told).toEqual([]);
  });
});
