import { join } from 'node:path';
import type { PageElement } from './page-elements.fixture.js';
import { pageDocument } from './page-elements.fixture.js';

interface Download {
  readonly downloadButton: (file: object, name: string) => PageElement;
}

interface Bundle {
  readonly auditBundle: (runId: string) => PageElement;
}

const GLOBALS = ['document', 'fetch', 'sessionStorage'] as const;
const before = GLOBALS.map(name => Object.getOwnPropertyDescriptor(globalThis, name));

describe('a file that cannot be had', () => {
  afterEach(() => {
    GLOBALS.forEach((name, index) => Object.defineProperty(globalThis, name, before[index] ?? { value: undefined }));
  });

  it.each([
    [
      { error: { code: 'NOT_FOUND', message: 'It was kept for 30 days.', fix: 'Run it again.' } },
      /30 days. Run it again./,
    ],
    ['<h1>502 Bad Gateway</h1>', /It cannot be had \(404\)/],
  ])('says why beside its button: %j', async (body, reason) => {
    put('document', pageDocument);
    put('sessionStorage', { getItem: () => 'rl_1_2' });
    put('fetch', () => Promise.resolve(Response.json(body, { status: 404 })));
    const { downloadButton } = (await import(join(import.meta.dirname, 'public', 'download.js'))) as Download;
    const button = downloadButton({ url: '/api/v1/artifacts/a', bytes: 5 }, 'report.txt');
    button.press();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(button.said).toMatch(reason);
  });

  it('is asked for where it is: the bundle of a run, and the program that checks it', async () => {
    const asked: string[] = [];
    put('document', pageDocument);
    put('sessionStorage', { getItem: () => 'rl_1_2' });
    put('fetch', (url: string) => {
      asked.push(url);
      const error = { code: 'FORBIDDEN', message: 'This takes the scope audit.read.' };
      return Promise.resolve(Response.json({ error }, { status: 403 }));
    });
    const { auditBundle } = (await import(join(import.meta.dirname, 'public', 'audit-bundle.js'))) as Bundle;
    const both = auditBundle('run_1');
    for (const button of both.children) button.press();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(asked).toEqual(['/api/v1/runs/run_1/audit.ndjson', '/api/v1/verify.mjs']);
    expect(both.said).toMatch(/Audit bundle .*audit\.read.* Verifier .*audit\.read/);
  });
});

function put(name: (typeof GLOBALS)[number], value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
