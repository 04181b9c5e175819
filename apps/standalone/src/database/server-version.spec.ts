import { requireServer } from './server-version.js';

describe('the version of the server', () => {
  /** A server that says of itself that it is this. */
  const server = (version: string) => ({ query: () => Promise.resolve({ rows: [{ server_version: version }] }) });

  it.each(['17.2 (Debian 17.2-1)', '18.4', '19beta1'])('%s is taken', async version => {
    await expect(requireServer(server(version))).resolves.toBeUndefined();
  });

  it.each(['15.18 (Debian 15.18-0+deb12u1)', '9.6.24'])(
    '%s is refused before anything is made in it',
    async version => {
      await expect(requireServer(server(version))).rejects.toMatchObject({
        code: 'SERVER_TOO_OLD',
        message: expect.stringContaining(`${version}; 17 or later is needed`) as string,
      });
    },
  );
});
