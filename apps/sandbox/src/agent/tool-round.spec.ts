import { resultText } from './tool-round.js';

describe('what an agent reads of a call', () => {
  const failed = { code: 'COMMAND_FAILED', message: 'Exit code 3: no such target' };

  it('is its output, or that there is none', () => {
    expect(resultText({ state: 'ok', output: 'out\n', exitCode: 0, stdoutTail: '' })).toBe('out\n');
    expect(resultText({ state: 'ok', output: '', exitCode: 0, stdoutTail: '' })).toBe('(no output)');
  });

  it('says how it failed, and what it complained of once', () => {
    const call = { state: 'error', exitCode: 3, error: failed, stdoutTail: '' } as const;
    const text = resultText({ ...call, output: 'building\nno such target\n' });
    expect(text).toBe('COMMAND_FAILED: Exit code 3.\nbuilding\nno such target\n');
    expect(resultText({ ...call, output: '' })).toBe('COMMAND_FAILED: Exit code 3: no such target');
    const timeout = { code: 'TIMEOUT', message: 'It did not end within 500 ms and was stopped.' };
    expect(resultText({ ...call, error: timeout, output: 'out' })).toBe(`TIMEOUT: ${timeout.message}\nout`);
  });
});
