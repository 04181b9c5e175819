import { tmpdir } from 'node:os';
import { serverPlace } from './server-place.mjs';

describe('the files of the server of all specs', () => {
  it('are where other temporary files are, unless there is memory with room for them', () => {
    expect(serverPlace('/nowhere')).toBe(tmpdir());
    expect(serverPlace('/proc')).toBe(tmpdir());
    expect(serverPlace('/dev/shm', Number.MAX_SAFE_INTEGER)).toBe(tmpdir());
    expect([tmpdir(), '/dev/shm']).toContain(serverPlace());
  });
});
