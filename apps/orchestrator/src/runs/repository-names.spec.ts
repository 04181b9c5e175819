import { isSameRepository } from './repository-names.js';

describe('the name of a repository', () => {
  const url = 'https://github.com/Acme/web.git';

  it.each([
    url,
    'https://github.com/acme/web',
    'git@github.com:acme/web.git',
    'ssh://git@github.com/acme/web',
    'github.com/acme/web/',
    'acme/web',
    'web',
  ])('%s is the repository that a profile clones', called => {
    expect(isSameRepository(url, called)).toBe(true);
  });

  it.each(['', '/', 'acme', 'acme/web-ui', 'other/web', 'eb', 'gitlab.com/acme/web', 'x/github.com/acme/web'])(
    '"%s" is another one, or none',
    called => {
      expect(isSameRepository(url, called)).toBe(false);
    },
  );

  it('of a directory on this machine is its path, or the end of it', () => {
    expect(isSameRepository('/srv/remotes/full-sdlc.git', 'full-sdlc')).toBe(true);
    expect(isSameRepository('/srv/remotes/full-sdlc.git', '/srv/remotes/full-sdlc')).toBe(true);
  });
});
