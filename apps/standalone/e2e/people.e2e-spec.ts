import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@runledger/testing';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const execute = promisify(execFile);
const EXAMPLE = join(ROOT, 'examples', 'two-approvers');

interface Request {
  readonly id: string;
  readonly kind: string;
  readonly shownHash: string;
  readonly shown: Record<string, unknown>;
}

/** What the scripts of the example are answered. */
interface Answer {
  readonly addMember: { readonly secret: string };
  readonly startRun: { readonly id: string };
  readonly inbox: { readonly nodes: readonly Request[] };
}

/** Looks until there is something. */
async function found<T>(look: () => Promise<readonly T[]>, enough = (_item: T): boolean => true): Promise<T> {
  let first: T | undefined;
  await eventually(async () => {
    first = (await look())[0];
    return first !== undefined && enough(first);
  });
  return first as T;
}

const GATES = `
slug: gates
defaults: { profile: small, execution: BACKGROUND }
steps:
  - key: passed
    gates: { before: { message: Go on?, autoApproveInBackground: true } }
    run: echo passed
  - key: skipped
    needs: [passed]
    gates: { before: { message: Really?, timeout: 300ms, onTimeout: SKIP } }
    run: echo never
  - key: reviewed
    needs: [skipped]
    gates: { after: { message: Good enough? } }
    run: echo attempt
`;

const ASKING = `
slug: asking
defaults: { profile: small }
steps:
  - key: left
    agent: &agent
      provider: scripted
      prompt: Do it.
      permissions: ASK
      script:
        - { tools: [{ name: bash, arguments: { command: echo one } }] }
        - { tools: [{ name: bash, arguments: { command: echo two } }] }
        - { text: Done. }
  - key: right
    agent: *agent
  - key: question
    agent:
      provider: scripted
      prompt: Ask.
      tools: [ask_user]
      script:
        - { tools: [{ name: ask_user, arguments: { question: Which colour?, choices: [red, blue] } }] }
        - { text: Thank you. }
`;

describeWith('bwrap', 'curl')('people who are asked (needs bwrap and curl)', () => {
  const home = new TemporaryHome();
  let platform: PlatformProcess;

  beforeAll(async () => {
    build();
    platform = await home.startQuiet();
  }, PATIENCE_MS);
  afterAll(() => home.giveBack());

  const run = async (program: string, args: readonly string[], token: string): Promise<string> => {
    const env = { ...process.env, RUNLEDGER_URL: platform.url, RUNLEDGER_TOKEN: token };
    return (await execute(program, [...args], { cwd: home.path, env, timeout: 60_000 })).stdout;
  };
  const shell = async (token: string, script: string, ...args: readonly string[]): Promise<Answer> => {
    const said = await run('sh', [join(EXAMPLE, script), ...args], token);
    const { data, errors } = JSON.parse(said) as { data: Answer; errors?: unknown };
    if (errors !== undefined) throw new Error(`${script} was answered: ${JSON.stringify(errors)}`);
    return data;
  };
  const graphql = <T>(query: string, variables: Readonly<Record<string, unknown>> = {}) =>
    platform.api.data<T>(query, variables);
  const statusOf = async (runId: string) => (await platform.api.run(runId)).status;

  it(
    'pass the gate of the guide as two, without its starter and without strangers',
    async () => {
      const publish = join(ROOT, 'examples', 'publish-flow', 'publish.mjs');
      await run(process.execPath, [publish, EXAMPLE], platform.token);
      const tokens = await Promise.all(
        ['Grace', 'Linus', 'Ada', 'Eve'].map(async name => {
          const { addMember } = await shell(
            platform.token,
            'add-member.sh',
            name,
            `${name.toLowerCase()}@acme.example`,
          );
          return addMember.secret;
        }),
      );
      const [grace = '', linus = '', ada = '', eve = ''] = tokens;
      const { startRun } = await shell(ada, 'start.sh');
      const runId = startRun.id;
      const inboxOf = async (token: string) => (await shell(token, 'inbox.sh')).inbox.nodes;
      const { id, shownHash, shown } = await found(() => inboxOf(grace));
      expect(shown).toMatchObject({ upstream: [{ step: 'build' }], artifacts: [{ path: 'release.txt' }] });
      expect([await inboxOf(ada), await inboxOf(eve)]).toEqual([[], []]);

      expect(await shell(ada, 'approve.sh', id, shownHash)).toMatchObject({ decide: { code: 'STARTER_EXCLUDED' } });
      expect(await shell(eve, 'approve.sh', id, shownHash)).toMatchObject({ decide: { code: 'NOT_AN_APPROVER' } });
      const first = await shell(grace, 'approve.sh', id, shownHash);
      expect(first).toMatchObject({ decide: { state: 'OPEN', votes: [{ by: { name: 'Grace' } }] } });
      expect(await inboxOf(grace)).toEqual([]);
      const second = await shell(linus, 'approve.sh', id, shownHash);
      expect(second).toMatchObject({ decide: { state: 'DECIDED', decision: { by: { name: 'Linus', via: 'token' } } } });
      expect(await shell(grace, 'approve.sh', id, shownHash)).toMatchObject({ decide: { code: 'ALREADY_DECIDED' } });
      await eventually(async () => (await statusOf(runId)) === 'COMPLETED');
    },
    PATIENCE_MS,
  );

  it(
    'answer agents: one prompt for a fan-out, a grant for what follows, and a question',
    async () => {
      await platform.api.publishProfile(profileNamed('small'));
      await platform.api.publishFlow(ASKING);
      const runId = await platform.api.started('asking');
      const open = async (kind: string) => {
        const { inbox } = await graphql<{ inbox: { nodes: (Request & { calls: unknown[] })[] } }>(
          'query ($run: ID!) { inbox(filter: { runId: $run }) { nodes { id kind shown shownHash calls { callId } } } }',
          { run: runId },
        );
        return inbox.nodes.filter(node => node.kind === kind);
      };
      const prompt = await found(
        () => open('PERMISSION'),
        ({ calls }) => calls.length === 2,
      );
      expect(await open('PERMISSION')).toHaveLength(1);
      expect(prompt.shown).toMatchObject({ tool: 'bash', arguments: { command: 'echo one' } });
      const question = await found(() => open('QUESTION'));
      const answered = await graphql(
        'mutation ($id: ID!) { answerQuestion(requestId: $id, answer: "blue") { ... on ApprovalRequest { state } } }',
        { id: question.id },
      );
      expect(answered).toEqual({ answerQuestion: { state: 'DECIDED' } });
      const decided = await graphql(
        'mutation ($input: DecisionInput!) { decide(input: $input) { ... on ApprovalRequest { state } } }',
        { input: { requestId: prompt.id, shownHash: prompt.shownHash, decision: 'ALLOW_RUN' } },
      );
      expect(decided).toEqual({ decide: { state: 'DECIDED' } });
      await eventually(async () => (await statusOf(runId)) === 'COMPLETED');
      const { grants } = await graphql<{ grants: { scope: string; tool: string }[] }>('{ grants { id scope tool } }');
      expect(grants).toMatchObject([{ scope: 'RUN', tool: 'bash' }]);
    },
    PATIENCE_MS,
  );

  it(
    'pass, leave out and review steps as their gates say, and every decision says how it came about',
    async () => {
      await platform.api.publishFlow(GATES);
      const runId = await platform.api.started('gates');
      const inbox = () =>
        platform.api.run(runId).then(({ approvals }) => approvals.filter(one => one.state === 'OPEN'));
      const decide = (input: object) =>
        graphql('mutation ($input: DecisionInput!) { decide(input: $input) { __typename ... on Refusal { code } } }', {
          input,
        });
      const review = await found(inbox, ({ step }) => step === 'reviewed');
      const asked = { requestId: review.id, shownHash: review.shownHash, decision: 'REQUEST_CHANGES' };
      expect(await decide(asked)).toMatchObject({ decide: { code: 'COMMENT_MISSING' } });
      expect(await decide({ ...asked, comment: 'Once more, please.' })).toEqual({
        decide: { __typename: 'ApprovalRequest' },
      });
      const second = await found(inbox, ({ id, step }) => step === 'reviewed' && id !== review.id);
      await decide({ requestId: second.id, shownHash: second.shownHash, decision: 'APPROVE' });
      await eventually(async () => (await statusOf(runId)) === 'COMPLETED');
      const { run: shown } = await graphql<{ run: { approvals: unknown[]; timeline: unknown[] } }>(
        `
          query ($id: ID!) {
            run(id: $id) {
              timeline {
                key
                state
                attempts {
                  number
                }
              }
              approvals {
                step
                decision {
                  decision
                  how
                  by {
                    kind
                  }
                }
              }
            }
          }
        `,
        { id: runId },
      );
      const by = (kind: string) => ({ kind });
      expect(shown.approvals).toEqual([
        { step: 'passed', decision: { decision: 'APPROVE', how: 'BACKGROUND', by: by('SYSTEM') } },
        { step: 'skipped', decision: { decision: 'SKIP', how: 'TIMEOUT', by: by('SYSTEM') } },
        { step: 'reviewed', decision: { decision: 'REQUEST_CHANGES', how: 'PEOPLE', by: by('MEMBER') } },
        { step: 'reviewed', decision: { decision: 'APPROVE', how: 'PEOPLE', by: by('MEMBER') } },
      ]);
      expect(shown.timeline).toMatchObject([
        { key: 'passed', state: 'COMPLETED' },
        { key: 'skipped', state: 'SKIPPED', attempts: [] },
        { key: 'reviewed', state: 'COMPLETED', attempts: [{ number: 1 }, { number: 2 }] },
      ]);
    },
    PATIENCE_MS,
  );
});
