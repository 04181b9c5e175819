import {
  IntegrationConnected,
  IntegrationDisconnected,
  IntegrationFailed,
  integrationFor,
  integrationKind,
  IntegrationRecovered,
} from '@runledger/contracts';
import type { IntegrationEvent } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { integrations } from './integration.decider.js';
import { integrationProblems, partedFields } from './integration-rules.js';

const given = specify(integrations);
const by = { kind: 'member', id: 'mem_ada' } as const;
const [at, later] = ['2026-11-21T09:00:00.000Z', '2026-11-21T10:00:00.000Z'];
const claude = { name: 'claude', kind: 'anthropic' as const, settings: {}, secrets: ['apiKey'], by, connectedAt: at };
const auth = { name: 'claude', code: 'auth', message: 'Refused (401).', failedAt: later };
const connected = IntegrationConnected(claude);

describe('an integration', () => {
  it('is connected, and connected anew with other particulars', () => {
    given().when({ type: 'Connect', data: claude, problems: [] }).thenEmits(connected);
    const again = { ...claude, connectedAt: later };
    given(connected).when({ type: 'Connect', data: again, problems: [] }).thenEmits(IntegrationConnected(again));
  });

  it('is refused with what is wrong with it', () => {
    given()
      .when({ type: 'Connect', data: claude, problems: [{ path: 'fields.apiKey', message: 'apiKey is missing.' }] })
      .thenRejects('INVALID_INTEGRATION');
  });

  it('is taken away once', () => {
    const data = { name: 'claude', by, disconnectedAt: later };
    given(connected).when({ type: 'Disconnect', data }).thenEmits(IntegrationDisconnected(data));
    given(connected, IntegrationDisconnected(data))
      .when({ type: 'Disconnect', data })
      .thenRejects('INTEGRATION_NOT_FOUND');
  });

  it('fails once for each reason, and works again once', () => {
    const failure = { type: 'ReportFailure', data: auth, connectedAt: at } as const;
    const success = { type: 'ReportSuccess', data: { name: 'claude', recoveredAt: later } } as const;
    given(connected).when(failure).thenEmits(IntegrationFailed(auth));
    given(connected, IntegrationFailed(auth)).when(failure).thenNothing();
    given(connected, IntegrationFailed(auth)).when(success).thenEmits(IntegrationRecovered(success.data));
    given(connected).when(success).thenNothing();
  });

  it('is refused with the one thing that is wrong, or with their number', () => {
    const [key, url] = [
      { path: 'fields.apiKey', message: 'apiKey is missing.', fix: 'The key of the account.' },
      { path: 'fields.url', message: 'There is no url.' },
    ];
    const refusedWith = (...problems: { path: string; message: string; fix?: string }[]) =>
      integrations.decide({ type: 'Connect', data: claude, problems }, new Map());
    expect(refusedWith(key)).toMatchObject({ message: key.message, fix: key.fix, details: [key] });
    expect(refusedWith(url, key)).toMatchObject({ message: 'The integration has 2 problems.', details: [url, key] });
  });

  it('is known with its particulars, and with why it failed until it works again', () => {
    const after = (...events: readonly IntegrationEvent[]) =>
      events.reduce((book, event) => integrations.evolve(book, event), integrations.initialState()).get('claude');
    const { by: _by, ...known } = claude;
    const { code, message, failedAt } = auth;
    const failed = IntegrationFailed(auth);
    expect(after(connected)).toEqual(known);
    expect(after(connected, failed)).toEqual({ ...known, failure: { code, message, at: failedAt } });
    expect(after(connected, failed, IntegrationRecovered({ name: 'claude', recoveredAt: later }))).toEqual(known);
    expect(after(connected, failed, connected)).toEqual(known);
  });

  it('that is not there any more is not blamed', () => {
    given().when({ type: 'ReportFailure', data: auth, connectedAt: at }).thenNothing();
  });

  it('is not blamed for what went wrong before it was connected anew', () => {
    given(connected, IntegrationConnected({ ...claude, connectedAt: later }))
      .when({ type: 'ReportFailure', data: auth, connectedAt: at })
      .thenNothing();
  });
});

describe('the integration that work uses', () => {
  const local = { name: 'ollama', kind: 'openai-compatible' as const, settings: {}, secrets: [], connectedAt: at };
  const other = { ...local, name: 'vllm' };
  const book = new Map([local, other].map(known => [known.name, known]));

  it('is the one that it names, else the one called like its kind, else the first', () => {
    expect(integrationFor(book, 'openai-compatible', 'vllm')?.name).toBe('vllm');
    expect(integrationFor(book, 'openai-compatible')?.name).toBe('ollama');
    const named = new Map(book).set('openai-compatible', { ...local, name: 'openai-compatible' });
    expect(integrationFor(named, 'openai-compatible')?.name).toBe('openai-compatible');
  });

  it('is none of another kind or name', () => {
    expect(integrationFor(book, 'anthropic', 'ollama')).toBeUndefined();
    expect(integrationFor(book, 'openai-compatible', 'nowhere')).toBeUndefined();
    expect(integrationFor(book, 'anthropic')).toBeUndefined();
  });
});

describe('the particulars of an integration', () => {
  it.each([
    ['a key that is missing', 'anthropic', {}, ['fields.apiKey']],
    ['an address that is none', 'openai-compatible', { baseUrl: 'somewhere' }, ['fields.baseUrl']],
    ['a password in an address', 'openai-compatible', { baseUrl: 'http://a:pw@b/v1' }, ['fields.baseUrl']],
    ['a field that the kind has not', 'credential', { value: 'x', secretX: 'y' }, ['fields.secretX']],
    ['no way to reach it', 'mcp', { token: 'x' }, ['fields']],
    ['an address that all on the way can read', 'git', { url: 'http://git.example', token: 't' }, ['fields.url']],
    ['no key and no token', 'claude-code', {}, ['fields']],
    ['no key and no login', 'codex', { apiKey: '' }, ['fields']],
    ['an address of no web server', 'openai-compatible', { baseUrl: 'ftp://a/v1' }, ['fields.baseUrl']],
    ['an address that is none, once', 'git', { url: 'forge', token: 't' }, ['fields.url']],
    ['a word for yes', 'openai-compatible', { baseUrl: 'http://a/v1', local: 'true' }, ['fields.local']],
  ] as const)('are refused with %s', (_what, kind, fields, paths) => {
    expect(integrationProblems(kind, fields).map(({ path }) => path)).toEqual(paths);
  });

  it.each([
    ['claude-code', { apiKey: 'k' }],
    ['claude-code', { token: 't' }],
    ['codex', { apiKey: 'k' }],
    ['codex', { login: '{}' }],
    ['mcp', { url: 'https://mcp.example' }],
    ['mcp', { command: 'serve' }],
    ['git', { url: 'https://git.example', token: 't' }],
    ['openai-compatible', { baseUrl: 'http://a/v1', local: 'yes' }],
    ['openai-compatible', { baseUrl: 'http://a/v1', local: 'no' }],
  ] as const)('of %s may be %j', (kind, fields) => {
    expect(integrationProblems(kind, fields)).toEqual([]);
  });

  it('are told apart: what may be shown, and what goes into the vault', () => {
    const { settings, secrets } = partedFields('git', { url: 'https://github.com/acme', username: '', token: 't' });
    expect(settings).toEqual({ url: 'https://github.com/acme' });
    expect([...secrets]).toEqual([['token', 't']]);
  });

  it('never name a value in a problem', () => {
    for (const kind of integrationKind.options) {
      const problems = integrationProblems(kind, { baseUrl: 'hush-hush', token: '', hushed: 'hush-hush' });
      expect(JSON.stringify(problems)).not.toContain('hush-hush');
    }
  });
});
