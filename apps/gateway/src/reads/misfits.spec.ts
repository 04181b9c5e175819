import { profileDefinition } from '@runledger/contracts';
import { misfits } from './misfits.js';

const limits = { memoryBytes: 1, pids: 1, cpuPercent: 1, tmpBytes: 1, workspaceBytes: 1, outputBytes: 1 };
const profile = {
  ...{ slug: 'node', name: 'Node', isolation: 'bubblewrap', repositories: [], mounts: [], env: {} },
  ...{ resourceClass: 'small', limits, network: 'none' },
};

describe('what does not fit', () => {
  it('is nothing where everything does', () => {
    expect(misfits(profileDefinition, profile)).toEqual([]);
  });

  it.each([
    [{ limits: undefined }, 'limits', '`limits` is missing.', /^Add it\. What is inside may use so much\./],
    [
      { limits: { ...limits, pids: undefined } },
      'limits.pids',
      '`pids` is missing.',
      /^Add it\. Processes and threads/,
    ],
    [{ env: 'CI' }, 'env', 'This has to be of the kind record.', /^Variables for every program inside\./],
    [
      { isolation: 'jail' },
      'isolation',
      'This has to be one of bubblewrap, docker, kubernetes, none.',
      /^What keeps its work apart\./,
    ],
    [{ network: 5 }, 'network', 'This has none of the forms that it may have.', /^The ways out\./],
    [{ slug: 'A B' }, 'slug', 'lower-case letters, digits and dashes', /^Names the profile/],
    [{ isolaton: 1 }, 'isolaton', '`isolaton` is not known here.', /^Did you mean `isolation`\?$/],
    [{ zzz: 1 }, 'zzz', '`zzz` is not known here.', /^Leave it out\. Known here: slug, name,/],
    [{ repositories: [{ url: 'u', path: '.', brunch: 'b' }] }, 'repositories.0.brunch', /not known/, /`branch`/],
  ])('%j is told by its place, and with what belongs there', (change, path, message, fix) => {
    const problems = misfits(profileDefinition, { ...profile, ...change });
    expect(problems).toEqual([
      {
        path,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
        fix: expect.stringMatching(fix),
      },
    ]);
  });

  it('is the whole where that is no object, and never repeats what was written', () => {
    expect(misfits(profileDefinition, 'secret')).toEqual([{ path: '', message: 'This has to be of the kind object.' }]);
    expect(
      JSON.stringify(misfits(profileDefinition, { ...profile, isolation: 'secret', limits: 'secret' })),
    ).not.toContain('secret');
  });
});
