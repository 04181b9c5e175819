import {
  Preflight,
  PublishFlow,
  PublishSkill,
  SandboxProfilePublished,
  StartRun,
  type InputOf,
} from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import type { TestDatabase } from '@runledger/testing';
import { ada, adaAsks, AT, OrchestratorProcess, WORKSPACE } from '../orchestrator.fixture.js';

const SHIP = `slug: ship
parameters: { target: string, repositoryId: { type: string, default: "" } }
requires: { integrations: [github] }
steps:
  - { key: write, agent: { provider: openai-compatible, model: m, skill: writing, prompt: 'To {{ parameters.target }}' } }
  - { key: check, needs: [write], run: 'true', gate: 'Check it?' }
  - { key: ship, needs: [check], run: 'true', requires: { credentials: [DEPLOY_KEY], environments: [production] } }
`;
const HELLO = 'slug: hello\ndefaults: { profile: plain }\nsteps: [{ key: a, run: x }, { key: b, run: y, needs: [a] }]';

let database: TestDatabase;
let here: OrchestratorProcess;

beforeAll(async () => {
  database = await logDatabase();
  here = await OrchestratorProcess.start(database.url);
  await here.publishProfile('plain');
  for (const source of [SHIP, HELLO]) {
    expect(await here.commands.send(PublishFlow, { source }, adaAsks())).toMatchObject({ status: 'accepted' });
  }
});

afterAll(async () => {
  await here.stop();
  await database.drop();
});

type Request = InputOf<typeof StartRun>;
const request = (more: Partial<Request>): Request => ({
  flow: 'hello',
  parameters: {},
  choices: {},
  trigger: { kind: 'manual' },
  ...more,
});
const start = (more: Partial<Request>) => here.commands.send(StartRun, request(more), adaAsks());

async function look(more: Partial<Request>) {
  const outcome = await here.commands.send(Preflight, request(more), adaAsks());
  if (outcome.status === 'refused') throw new Error('A look ahead is never refused.');
  return outcome.output;
}

async function eventCount(): Promise<number> {
  return (await here.store.readAll({ after: 0n, limit: 1_000 })).events.length;
}

describe('a look ahead', () => {
  it('tells everything that stands against a start, each with what puts it right, and changes nothing', async () => {
    const before = await eventCount();
    const report = await look({ flow: 'ship' });
    expect(report.problems.map(({ code, fix }) => [code, fix !== undefined])).toEqual([
      ['MISSING_PARAMETER', true],
      ['PROFILE_REQUIRED', true],
      ['PROVIDER_NOT_CONNECTED', true],
      ['SKILL_UNAVAILABLE', true],
      ['PREFLIGHT_FAILED', true],
    ]);
    expect(report.problems.at(-1)?.details.map(({ path, message }) => [path, message])).toEqual([
      ['steps.ship', 'The credential DEPLOY_KEY is not there.'],
      ['steps.ship', 'The environment production is not there.'],
      ['requires', 'The integration github is not there.'],
    ]);
    expect(report).toMatchObject({
      skills: [{ name: 'writing', steps: ['write'], available: false }],
      credentials: [{ name: 'DEPLOY_KEY', steps: ['ship'], available: false }],
      integrations: [{ name: 'github', steps: [], available: false }],
    });
    expect(await eventCount()).toBe(before);
  });

  it('declines a start for the first of them, in writing', async () => {
    expect(await start({ flow: 'ship' })).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'MISSING_PARAMETER', details: [{ path: 'parameters.target' }] },
    });
    const given = { flow: 'ship', parameters: { target: 'all' }, choices: { profile: 'plain' } };
    expect(await start(given)).toMatchObject({ refusal: { rejected: 'PROVIDER_NOT_CONNECTED' } });
    const { events } = await here.store.readAll({ after: 0n, tenant: WORKSPACE, types: ['RunDeclined'], limit: 100 });
    expect(events.slice(-2).map(({ data }) => (data as { code: string }).code)).toEqual([
      'MISSING_PARAMETER',
      'PROVIDER_NOT_CONNECTED',
    ]);
  });

  it('finds a skill once the flow was published with it', async () => {
    const definition = { slug: 'drawing', name: 'Drawing', instructions: 'Draw it.' };
    const source = 'slug: draw\nsteps: [{ key: a, agent: { provider: scripted, prompt: p, skill: drawing } }]';
    const skills = async () => {
      expect(await here.commands.send(PublishFlow, { source }, adaAsks())).toMatchObject({ status: 'accepted' });
      return (await look({ flow: 'draw' })).skills;
    };
    expect(await skills()).toMatchObject([{ name: 'drawing', available: false }]);
    expect(await here.commands.send(PublishSkill, { definition }, adaAsks())).toMatchObject({
      output: { skillId: 'skill_drawing', version: 1, created: true },
    });
    expect(await skills()).toMatchObject([{ name: 'drawing', available: true }]);
    const pattern = { definition: { ...definition, output: { type: 'string', pattern: '(a+)+$' } } };
    expect(await here.commands.send(PublishSkill, pattern, adaAsks())).toMatchObject({
      refusal: { rejected: 'INVALID_SKILL', details: [{ path: 'output.pattern' }] },
    });
  });

  it('shows where people will be asked, by the choices of the run', async () => {
    const parameters = { target: 'all' };
    const gatesOf = async (choices: Request['choices']) =>
      (await look({ flow: 'ship', parameters, choices: { profile: 'plain', ...choices } })).gates;
    expect(await gatesOf({})).toMatchObject([
      { step: 'check', position: 'before', origin: 'template', message: 'Check it?', policy: { count: 1 } },
    ]);
    expect(await gatesOf({ checkpointMode: 'NONE' })).toEqual([]);
    expect((await gatesOf({ checkpointMode: 'EVERY_STEP' })).map(({ step, origin }) => [step, origin])).toEqual([
      ['write', 'every_step'],
      ['check', 'template'],
      ['ship', 'every_step'],
    ]);
  });

  it('of something that would start has no problem, and says what the run would be', async () => {
    expect(await look({})).toMatchObject({
      flow: { slug: 'hello', version: 1 },
      choices: { profile: 'plain', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
      steps: [
        { key: 'a', kind: 'command', needs: [], tools: [] },
        { key: 'b', kind: 'command', needs: ['a'] },
      ],
      problems: [],
    });
    expect((await look({ flow: 'nowhere' })).problems).toMatchObject([{ code: 'FLOW_NOT_FOUND' }]);
  });
});

describe('a run of one step alone', () => {
  it('does that step without what it needs in the flow, and completes with it', async () => {
    const outcome = await start({ onlyStep: 'b' });
    if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
    const { runId } = outcome.output;
    await here.until(runId, 'StepReady', 'b');
    await here.attempt(runId, 'b');
    await here.until(runId, 'RunCompleted');
    const [started] = await here.eventsOf(runId);
    expect(started?.data).toMatchObject({ onlyStep: 'b', steps: [{ key: 'b', needs: [] }] });
  });

  it('is declined when the flow has no such step', async () => {
    expect(await start({ onlyStep: 'bb' })).toMatchObject({
      refusal: { rejected: 'INVALID_PARAMETER', fix: 'Did you mean `b`?', details: [{ path: 'onlyStep' }] },
    });
  });
});

describe('the parameter `repositoryId`', () => {
  const publish = async (slug: string, url: string) => {
    const definition = {
      slug,
      name: slug,
      isolation: 'none' as const,
      repositories: [{ url, path: 'repository' }],
      mounts: [],
      env: {},
      resourceClass: 'small',
      limits: { memoryBytes: 1, pids: 1, cpuPercent: 1, tmpBytes: 1, workspaceBytes: 1, outputBytes: 1 },
      network: 'none' as const,
    };
    const data = { profileId: `prof_${slug}`, slug, version: 1, publishedBy: ada, publishedAt: AT };
    await here.append(`profile-${slug}`, newUuid(), SandboxProfilePublished({ ...data, definition }));
  };
  const profileFor = async (repositoryId: string, profile?: string) => {
    const parameters = { target: 'all', repositoryId };
    const report = await look({ flow: 'ship', parameters, choices: profile === undefined ? {} : { profile } });
    return report.choices?.profile ?? report.problems.map(({ code }) => code)[0];
  };

  it('selects the profile that clones the repository, also one that was published a moment ago', async () => {
    expect(await profileFor('acme/web')).toBe('PREFLIGHT_FAILED');
    await publish('web-node20', 'https://github.com/acme/web.git');
    await publish('api-node20', 'git@github.com:acme/api.git');
    expect(await profileFor('acme/web')).toBe('web-node20');
    expect(await profileFor('https://github.com/Acme/api')).toBe('api-node20');
    expect(await profileFor('acme/web', 'plain')).toBe('plain');
    expect(await profileFor('')).toBe('PROFILE_REQUIRED');
  });
});
