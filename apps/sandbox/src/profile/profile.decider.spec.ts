import { DEFAULT_LIMITS, SandboxProfilePublished } from '@runledger/contracts';
import type { ProfileDefinition } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { profileProblems } from './profile-rules.js';
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

/** Where something is wrong with a profile. */
const problemsWith = (changes: Partial<ProfileDefinition>) =>
  profileProblems(definition(changes)).map(({ path }) => path);

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

  it('may list them in a pod, too', () => {
    const network = { mode: 'allowlist' as const, hosts: ['registry.npmjs.org'] };
    const changes = { isolation: 'kubernetes' as const, image: 'node:24', network };
    given()
      .when(publish(changes, { isolations: ['kubernetes'] }))
      .thenEmits(published(1, changes));
  });

  it('may have limits with which a program can just start, and not less', () => {
    const MIB = 1_048_576;
    const least = {
      ...{ memoryBytes: 16 * MIB, pids: 8, cpuPercent: 1 },
      ...{ tmpBytes: MIB, workspaceBytes: MIB, outputBytes: 4_096 },
    };
    given()
      .when(publish({ limits: { ...DEFAULT_LIMITS, ...least } }))
      .thenEmits(published(1, { limits: { ...DEFAULT_LIMITS, ...least } }));
    for (const [name, bytes] of Object.entries(least)) {
      expect(problemsWith({ limits: { ...DEFAULT_LIMITS, ...least, [name]: bytes - 1 } })).toEqual([`limits.${name}`]);
    }
  });

  it.each([
    ...['/workspace', '/home/agent', '/proc', '/sys', '/dev', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/libx32'],
    ...['/lib64', '/etc', '/tmp', '/opt/node', '/run'],
  ])('may not mount over %s, nor below it', place => {
    const mounts = [place, `${place}/x`].map(target => ({ source: '/srv', target, mode: 'ro' as const }));
    expect(problemsWith({ mounts })).toEqual(['mounts[0].target', 'mounts[1].target']);
  });

  it('may not mount over what is above a place of the sandbox', () => {
    const mounts = ['/home', '/opt', '/home/other', '/opt/data'].map(target => ({
      ...{ source: '/srv', target, mode: 'ro' as const },
    }));
    expect(problemsWith({ mounts })).toEqual(['mounts[0].target', 'mounts[1].target']);
  });

  it('may not mount over everything, nor list no hosts where nothing keeps to the list', () => {
    expect(problemsWith({ mounts: [{ source: '/srv', target: '/', mode: 'ro' }] })).toEqual(['mounts[0].target']);
    expect(problemsWith({ isolation: 'none', network: { mode: 'allowlist', hosts: [] } })).toEqual(['network']);
  });

  it('may mount beside what the sandbox has, also where the name begins alike', () => {
    const mounts = ['/mnt/data', '/users', '/opt/node-modules'].map(target => ({
      ...{ source: '/srv', target, mode: 'rw' as const },
    }));
    expect(problemsWith({ mounts })).toEqual([]);
  });

  it.each(['.', 'app', 'a/b', '..app'])('may put a repository at %s of the workspace', path => {
    expect(problemsWith({ repositories: [{ url: '/r.git', path }] })).toEqual([]);
  });

  it.each(['/app', '..', 'a/../../b', 'a\0b'])('may not put a repository at %j', path => {
    expect(problemsWith({ repositories: [{ url: '/r.git', path }] })).toEqual(['repositories[0].path']);
  });

  it('names each thing that is wrong with it', () => {
    const mount = { source: '/srv', target: '/mnt', mode: 'ro' as const };
    const env = { HOME: '/', PATH: '/', RUNLEDGER_OUTPUT: '/', '1X': '', GOOD_1: 'yes' };
    const mounts = [mount, { ...mount, source: '/a/./b' }, { ...mount, source: 'srv' }];
    expect(problemsWith({ mounts, env, image: 'node:24' })).toEqual([
      ...['mounts[1].source', 'mounts[2].source', 'env.HOME', 'env.PATH', 'env.RUNLEDGER_OUTPUT', 'env.1X', 'image'],
      ...['mounts[1].target', 'mounts[2].target'],
    ]);
  });

  it('says how to get an isolation that is not there', () => {
    const refusalOf = (isolation: ProfileDefinition['isolation'], image?: string) => {
      const command = publish({ isolation, ...(image && { image }) }, { isolations: ['bubblewrap', 'none'] });
      return profile.decide(command, profile.initialState());
    };
    expect(refusalOf('docker', 'node:24')).toMatchObject({
      message: 'This installation has no docker driver.',
      fix: 'Set isolation to bubblewrap, or ask the operator to set RUNLEDGER_DOCKER_HOST.',
    });
    expect(refusalOf('kubernetes', 'node:24')).toMatchObject({
      fix: expect.stringContaining('RUNLEDGER_KUBERNETES_NAMESPACE'),
    });
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
