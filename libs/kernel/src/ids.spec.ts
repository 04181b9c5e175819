import { attemptId, gateId, idOf, keyOf, streamOf } from './ids.js';

const runId = idOf('run', '0198c0de-0000-7000-8000-000000000001');

describe('ids', () => {
  it('say what they name, and lead to the stream of its facts', () => {
    expect(keyOf(runId)).toBe('0198c0de-0000-7000-8000-000000000001');
    expect(streamOf('run', runId)).toBe('run-0198c0de-0000-7000-8000-000000000001');
    expect(streamOf('flow', 'flow_release-notes')).toBe('flow-release-notes');
  });

  it('take a bare key for itself', () => {
    expect(keyOf('release-notes')).toBe('release-notes');
  });

  it('of attempts and gates can be made by whoever knows the run, and differ for each try', () => {
    const attempt = attemptId(runId, 'build', 1);
    expect(attempt).toBe('att_0198c0de-0000-7000-8000-000000000001.build.1');
    expect(streamOf('attempt', attempt)).toBe('attempt-0198c0de-0000-7000-8000-000000000001.build.1');
    expect(gateId(runId, 'deploy', 'before', 2)).toBe('apr_0198c0de-0000-7000-8000-000000000001.deploy.before.2');
    expect(attemptId(runId, 'build', 2)).not.toBe(attempt);
  });
});
