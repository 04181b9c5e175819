import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { ApiClient } from './api-client.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const DOCUMENTED = `
slug: documented
parameters:
  size: { type: integer, minimum: 1 }
  colour: { type: string, default: red }
defaults: { profile: small }
steps:
  - { key: only, gate: Sure?, run: echo "$PARAM_SIZE" }
`;

describeWith('bwrap')('whoever asks for something impossible is told so (needs bwrap)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;
  let api: ApiClient;

  beforeAll(async () => {
    build();
    platform = await home.startQuiet();
    api = platform.api;
    await api.publishProfile(profileNamed('small'));
    expect(await api.publishFlow(DOCUMENTED)).toMatchObject({ __typename: 'FlowVersion', version: 1 });
    await api.publishFlow('slug: homeless\nsteps: [{ key: only, run: echo }]');
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.giveBack();
    expect(platform.errors).toBe(''); // not one of these is a fault of ours
  });

  it.each([
    ['YAML that is none', 'slug: a\nsteps:\n  - key: [one\n', { line: 4, column: 1 }, /./],
    [
      'a step that needs an unknown one',
      'slug: a\nsteps:\n  - { key: one, run: x, needs: [tow] }\n',
      { line: 3, column: 33 },
      /tow/,
    ],
    [
      'steps in a circle',
      'slug: a\nsteps:\n  - { key: a, run: x, needs: [b] }\n  - { key: b, run: x, needs: [a] }\n',
      { line: 3 },
      /circle/,
    ],
    ['an unknown word', 'slug: a\nsteps:\n  - { key: a, rum: x }\n', { line: 3 }, /rum/],
    ['two steps of one key', 'slug: a\nsteps:\n  - { key: a, run: x }\n  - { key: a, run: y }\n', { line: 4 }, /a/],
    ['nothing', '', {}, /./],
  ])('a flow document with %s is refused with the place', async (_what, source, place, message) => {
    const refused = await api.publishFlow(source);
    expect(refused).toMatchObject({ __typename: 'FlowRefused', code: 'INVALID_FLOW' });
    expect(refused.details).toContainEqual(
      expect.objectContaining({ ...place, message: expect.stringMatching(message) as string }),
    );
  });

  it.each([
    ['a parameter of another type', { flow: 'documented', parameters: { size: 'big' } }, 'INVALID_PARAMETER', 'size'],
    ['a parameter out of range', { flow: 'documented', parameters: { size: 0 } }, 'INVALID_PARAMETER', 'size'],
    ['an unknown parameter', { flow: 'documented', parameters: { size: 1, sise: 2 } }, 'INVALID_PARAMETER', 'sise'],
    ['a parameter missing', { flow: 'documented', parameters: {} }, 'MISSING_PARAMETER', 'size'],
    ['no profile', { flow: 'homeless' }, 'PROFILE_REQUIRED', undefined],
    ['a profile that nobody published', { flow: 'homeless', profile: 'castle' }, 'PROFILE_REQUIRED', undefined],
    ['a flow that nobody published', { flow: 'unheard-of' }, 'FLOW_NOT_FOUND', undefined],
    [
      'a version that does not exist',
      { flow: 'documented', version: 9, parameters: { size: 1 } },
      'FLOW_NOT_FOUND',
      undefined,
    ],
  ])('a start with %s is declined, and says how it would succeed', async (_what, input, code, parameter) => {
    const declined = await api.startRun(input);
    expect(declined).toMatchObject({ __typename: 'RunDeclined', code });
    expect([declined.fix, ...(declined.details ?? []).map(problem => problem.fix)].join('')).not.toBe('');
    const told = JSON.stringify([declined.message, declined.details]);
    if (parameter !== undefined) expect(told).toContain(parameter);
    const rest = await api.fetch('/api/v1/trigger', { method: 'POST', body: JSON.stringify(input) });
    expect([rest.status, await rest.json()]).toMatchObject([422, { error: { code, message: declined.message } }]);
  });

  it('the same idempotency key starts nothing twice, and nothing else', async () => {
    const input = { flow: 'documented', parameters: { size: 1 }, idempotencyKey: 'once' };
    const [first, again] = [await api.startRun(input), await api.startRun(input)];
    expect([first.__typename, again.id]).toEqual(['Run', first.id]);
    expect(await api.startRun({ ...input, parameters: { size: 2 } })).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const trigger = (size: number) =>
      api.fetch('/api/v1/trigger', {
        method: 'POST',
        headers: { 'idempotency-key': 'by program' },
        body: JSON.stringify({ flow: 'documented', parameters: { size } }),
      });
    expect([(await trigger(1)).status, (await trigger(1)).status, (await trigger(2)).status]).toEqual([202, 200, 409]);
  });

  it('a request is decided once: later ones learn which decision won', async () => {
    const runId = await api.started('documented', { parameters: { size: 1 } });
    const gate = await api.gateOf(runId, 'only');
    expect(await api.decide(gate.id, 'APPROVE', { shownHash: 'f'.repeat(64) })).toMatchObject({
      code: 'SHOWN_CHANGED',
    });
    expect(await api.decide(gate.id, 'SKIP')).toMatchObject({ __typename: 'ApprovalRequest', state: 'DECIDED' });
    expect(await api.decide(gate.id, 'REJECT')).toMatchObject({
      code: 'ALREADY_DECIDED',
      request: { decision: { decision: 'SKIP' } },
    });
    expect(await api.decide('apr_nothing.only.before.1', 'APPROVE')).toMatchObject({ code: 'REQUEST_NOT_FOUND' });
    await api.reaches(runId, 'COMPLETED');
  });

  it('a decision after the cancellation is refused, and so is a second cancellation', async () => {
    const runId = await api.started('documented', { parameters: { size: 1 } });
    const gate = await api.gateOf(runId, 'only');
    await api.cancel(runId);
    await api.reaches(runId, 'CANCELLED');
    expect(await api.decide(gate.id, 'APPROVE')).toMatchObject({ code: 'REQUEST_WITHDRAWN' });
    expect(await api.cancel(runId)).toMatchObject({ __typename: 'RunRefused', code: 'RUN_ENDED' });
  });

  it('an unknown run is unknown everywhere', async () => {
    const id = 'run_01999999-0000-7000-8000-000000000000';
    const { errors } = await api.ask('query ($id: ID!) { run(id: $id) { id } }', { id });
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(await api.cancel(id)).toMatchObject({ __typename: 'RunRefused', code: 'RUN_NOT_FOUND' });
    expect((await api.fetch(`/api/v1/runs/${id}/audit.ndjson`)).status).toBe(404);
    expect((await api.fetch('/api/v1/artifacts/art_nothing')).status).toBe(404);
  });

  it('a forged cursor, an unknown position and a page of a million are refused', async () => {
    const runId = await api.started('documented', { parameters: { size: 1 } });
    const asked = [
      ['{ runs(after: "forged") { nodes { id } } }', 'INVALID_CURSOR'],
      [`{ run(id: "${runId}") { transcript(after: "forged") { nodes { id } } } }`, 'INVALID_CURSOR'],
      ['{ events(after: "nowhere") { nodes { id } } }', undefined],
      ['{ runs(first: 1000000) { nodes { id } } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ runs(first: 201) { nodes { id } } }', 'BAD_USER_INPUT'],
      ['{ runs(first: -1) { nodes { id } } }', 'BAD_USER_INPUT'],
      ['{ nonsense }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ runs', 'GRAPHQL_PARSE_FAILED'],
    ] as const;
    for (const [query, code] of asked) {
      const { errors } = await api.ask(query);
      const wanted = code ?? expect.stringMatching(/INVALID_CURSOR|BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/);
      expect([query, errors.map(error => error.extensions.code)]).toEqual([query, [wanted]]);
    }
    await api.cancel(runId);
  });

  it('a payload beyond the limit is refused as too large, by GraphQL and by REST', async () => {
    for (const path of ['/graphql', '/api/v1/trigger']) expect([path, await statusOfHuge(path)]).toEqual([path, 413]);
  });

  /** Announces a body of 50 MB. The answer comes before the body, which is why nothing of it is sent here. */
  async function statusOfHuge(path: string): Promise<number | undefined> {
    const headers = {
      authorization: `Bearer ${platform.token}`,
      'content-type': 'application/json',
      'content-length': 50_000_000,
    };
    const asking = request(`${platform.url}${path}`, { method: 'POST', headers });
    asking.on('error', () => undefined); // it is cut off below
    asking.flushHeaders();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    asking.destroy();
    return response.statusCode;
  }

  it('nobody comes in without a token, with a wrong one, or with a revoked one; a small token does no more than it says', async () => {
    for (const token of ['', 'wrong', `${platform.token}x`]) {
      const { errors } = await new ApiClient(platform.url, token).ask('{ viewer { workspace { id } } }');
      expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    }
    const create =
      'mutation { createToken(input: { name: "reader", scopes: [FLOWS_READ] }) { ... on IssuedToken { secret token { id } } } }';
    const { createToken } = await api.data<{ createToken: { secret: string; token: { id: string } } }>(create);
    const reader = new ApiClient(platform.url, createToken.secret);
    expect((await reader.ask('{ runs { nodes { id } } }')).errors).toEqual([]);
    const { errors } = await reader.ask('mutation { startRun(input: { flow: "documented" }) { __typename } }');
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    await api.data('mutation ($id: ID!) { revokeToken(id: $id) { __typename } }', { id: createToken.token.id });
    expect((await reader.ask('{ runs { nodes { id } } }')).errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ]);
  });
});
