import type { IntegrationBook, KnownIntegration } from '@runledger/contracts';
import { coveringRepository } from './repository-address.js';

const git = (name: string, url: string): [string, KnownIntegration] => [
  name,
  { name, kind: 'git', settings: { url }, secrets: ['token'], connectedAt: '2026-11-21T10:00:00.000Z' },
];
const book: IntegrationBook = new Map([
  git('forge', 'https://forge.example/'),
  git('acme', 'https://forge.example/acme'),
  git('local', 'http://127.0.0.1:3000'),
  git('plain', 'http://plain.example'),
  git('here', 'http://localhost:3000'),
  git('six', 'http://[::1]:3000'),
  [
    'proxy',
    {
      name: 'proxy',
      kind: 'mcp',
      settings: { url: 'https://mcp.example' },
      secrets: [],
      connectedAt: '2026-11-21T10:00:00.000Z',
    },
  ],
]);

describe('the credential of a repository', () => {
  it.each([
    ['https://forge.example/other/app.git', 'forge'],
    ['https://forge.example/acme/app.git', 'acme'],
    ['https://FORGE.example/acme/app.git', 'acme'],
    ['https://forge.example/acme', 'acme'],
    ['http://127.0.0.1:3000/app.git', 'local'],
    ['http://localhost:3000/app.git', 'here'],
    ['http://[::1]:3000/app.git', 'six'],
  ])('for %s is that of the integration that covers it most closely', (url, name) => {
    expect(coveringRepository(book, url)?.name).toBe(name);
  });

  it('is not that of another owner whose name begins alike', () => {
    expect(coveringRepository(book, 'https://forge.example/acme-evil/app.git')?.name).toBe('forge');
  });

  it.each([
    'https://forge.example.evil.example/acme/app.git',
    'https://forge.example:8443/acme/app.git',
    'http://forge.example/acme/app.git',
    'http://plain.example/app.git',
    'https://me:mine@forge.example/acme/app.git',
    'https://me@forge.example/acme/app.git',
    'https://:mine@forge.example/acme/app.git',
    'ssh://127.0.0.1:3000/app.git',
    'https://mcp.example/app.git',
    'git@forge.example:acme/app.git',
    '/mnt/remotes/app.git',
  ])('is never sent to %s', url => {
    expect(coveringRepository(book, url)).toBeUndefined();
  });
});
