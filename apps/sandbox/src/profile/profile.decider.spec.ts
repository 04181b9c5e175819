import { DEFAULT_LIMITS, SandboxProfilePublished } from '@runledger/contracts';
import type { ProfileDefinition } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { profile } from './profile.decider.js';
import type { OperatorPolicy, PublishProfileVersion } from './profile.decider.js';

const given = specify(profile);
const owner = { kind: 'member', id: 'mem_owner' } as const;
const at = '2026-11-21T09:00:00.000Z';

function definition(changes: Partial<ProfileDefinition> = {}): ProfileDefinition {
  return {
    slug: 'node',
    name: 'Node',
    isolation: 'bubblewrap',
    repositories: [],
    mounts: [],
    env: {},
    resourceClass: 'small',
    limits: DEFAULT_LIMITS,
    network: 'none',
    ...changes,
  };
}

function publish(
  changes: Partial<ProfileDefinition> = {},
  policy: Partial<OperatorPolicy> = {},
): PublishProfileVersion {
  return {
    type: 'PublishProfileVersion',
    data: {
      profileId: 'prof_node',
      slug: 'node',
      definition: definition(changes),
      publishedBy: owner,
      publishedAt: at,
    },
    policy: { isolations: ['bubblewrap'], forbiddenMounts: [], ...policy },
  };
}

function published(version: number, changes: Partial<ProfileDefinition> = {}) {
  const { data } = publish(changes);
  return SandboxProfilePublished({ ...data, version });
}

describe('a sandbox profile', () => {
  it('is published as version 1', () => {
    given().when(publish()).thenEmits(published(1));
  });

  it('gets a new version when it says something else', () => {
    given(published(1))
      .when(publish({ env: { CI: 'true' } }))
      .thenEmits(published(2, { env: { CI: 'true' } }));
  });

  it('gets no new version when it says the same, in whatever order', () => {
    const { name, slug, ...rest } = definition();
    given(published(1))
      .when(publish({ ...rest, slug, name }))
      .thenNothing();
  });

  it('may do without isolation only where the operator allows it', () => {
    given()
      .when(publish({ isolation: 'none' }))
      .thenRejects('ISOLATION_NOT_ALLOWED');
    given()
      .when(publish({ isolation: 'none' }, { isolations: ['bubblewrap', 'none'] }))
      .thenEmits(published(1, { isolation: 'none' }));
  });

  it('may ask only for a driver that the installation has', () => {
    const changes = { isolation: 'docker' as const, image: 'node:24' };
    given().when(publish(changes)).thenRejects('ISOLATION_NOT_ALLOWED');
    given()
      .when(publish(changes, { isolations: ['bubblewrap', 'docker'] }))
      .thenEmits(published(1, changes));
  });

  it('may mount only what the operator allows', () => {
    const mounts = [{ source: '/srv/data', target: '/mnt/data', mode: 'ro' as const }];
    given()
      .when(publish({ mounts }, { forbiddenMounts: ['/srv/data'] }))
      .thenRejects('MOUNT_NOT_ALLOWED');
    given().when(publish({ mounts })).thenEmits(published(1, { mounts }));
  });

  it('may list the hosts that are reached only where something keeps programs from all others', () => {
    const network = { mode: 'allowlist' as const, hosts: ['registry.npmjs.org', '*.example.com:8443'] };
    given().when(publish({ network })).thenEmits(published(1, { network }));
    given()
      .when(publish({ network, isolation: 'none' }, { isolations: ['bubblewrap', 'none'] }))
      .thenRejects('INVALID_PROFILE');
  });

  it.each([
    ['a mount over the system', { mounts: [{ source: '/srv', target: '/usr/local', mode: 'rw' as const }] }],
    ['a mount over the system by another name', { mounts: [{ source: '/srv', target: '//usr', mode: 'ro' as const }] }],
    ['a mount over the home', { mounts: [{ source: '/srv', target: '/home/agent/x', mode: 'ro' as const }] }],
    ['memory in which nothing starts', { limits: { ...DEFAULT_LIMITS, memoryBytes: 1_000 } }],
    ['a mount that climbs', { mounts: [{ source: '/srv/../root', target: '/mnt', mode: 'ro' as const }] }],
    ['a repository outside the workspace', { repositories: [{ url: '/r.git', path: '../elsewhere' }] }],
    [
      'two repositories in one place',
      {
        repositories: [
          { url: '/a.git', path: '.' },
          { url: '/b.git', path: '.' },
        ],
      },
    ],
    ['hosts without a list being asked for', { network: { mode: 'none' as const, hosts: ['a.example'] } }],
    ['a variable of the platform', { env: { PATH: '/evil' } }],
    ['a name that is no variable', { env: { 'A B': '1' } }],
    ['an image that nothing would use', { image: 'node:24' }],
    ['containers of no image', { isolation: 'docker' as const }],
  ])('is refused with %s', (_what, changes) => {
    given().when(publish(changes)).thenRejects('INVALID_PROFILE');
  });
});
