import { EnvironmentHealthChanged } from '@runledger/contracts';
import type { EnvironmentHealth } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { environment } from './environment.decider.js';

const given = specify(environment);
const reported = (health: EnvironmentHealth, reason?: string) => ({
  ...{ environment: 'staging', health, ...(reason === undefined ? {} : { reason }) },
  ...{ reportedBy: { kind: 'member' as const, id: 'mem_ada' }, changedAt: '2026-11-21T09:00:00.000Z' },
});
const report = (health: EnvironmentHealth, reason?: string) => ({
  type: 'ReportHealth' as const,
  data: reported(health, reason),
});
const changed = (health: EnvironmentHealth, reason?: string) => EnvironmentHealthChanged(reported(health, reason));

describe('the health of an environment', () => {
  it('is good until somebody says otherwise', () => {
    given().when(report('HEALTHY')).thenNothing();
    given().when(report('UNHEALTHY', 'The disk is full.')).thenEmits(changed('UNHEALTHY', 'The disk is full.'));
  });

  it('is told when it changes, and only then', () => {
    const ill = changed('UNHEALTHY', 'The disk is full.');
    given(ill).when(report('UNHEALTHY', 'The disk is full.')).thenNothing();
    given(ill).when(report('HEALTHY')).thenEmits(changed('HEALTHY'));
    given(ill, changed('HEALTHY')).when(report('HEALTHY')).thenNothing();
    given(ill, changed('HEALTHY')).when(report('UNHEALTHY')).thenEmits(changed('UNHEALTHY'));
  });
});
