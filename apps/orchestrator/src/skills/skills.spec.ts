import { SkillVersionPublished, type FlowDefinition } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { readFlow } from '../flows/read-flow.js';
import { MAX_DOCUMENT_BYTES } from '../flows/read-flow.js';
import { pinSkills, type FindSkill } from './pin-skills.js';
import { skill, type PublishSkillVersion } from './skill.decider.js';

const data: Omit<ReturnType<typeof SkillVersionPublished>['data'], 'version'> = {
  skillId: 'skill_review',
  slug: 'review',
  hash: 'aaa',
  definition: {
    slug: 'review',
    name: 'Review',
    instructions: 'Be strict.',
    tools: ['read_file'],
    output: { type: 'object', properties: { verdict: { enum: ['ship', 'wait'] } } },
  },
  publishedBy: { kind: 'member', id: 'mem_ada' },
  publishedAt: '2026-03-01T10:00:00.000Z',
};
const given = specify(skill);
const publish = (hash: string): PublishSkillVersion => ({ type: 'PublishSkillVersion', data: { ...data, hash } });
const published = (hash: string, version: number) => SkillVersionPublished({ ...data, hash, version });

describe('publishing a skill', () => {
  it('makes its first version', () => given().when(publish('aaa')).thenEmits(published('aaa', 1)));
  it('makes the next version when the content is another', () =>
    given(published('aaa', 1)).when(publish('bbb')).thenEmits(published('bbb', 2)));
  it('makes none when the newest version says the same', () =>
    given(published('aaa', 1)).when(publish('aaa')).thenNothing());
});

const findReview: FindSkill = (slug, version = 3) =>
  Promise.resolve(slug === 'review' && version <= 3 ? { ...data, version } : undefined);
const flowOf = (agent: string, more = ''): FlowDefinition => {
  const reading = readFlow(
    `slug: a\nsteps: [{ key: s, agent: { provider: scripted, prompt: p, skill: review, ${agent} }${more} }]`,
  );
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  return reading.flow;
};
const pinned = async (flow: FlowDefinition) => {
  const result = await pinSkills(flow, findReview);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.flow.steps[0];
};

describe('a flow that works with a skill', () => {
  it('holds the version that was the newest when it was published', async () => {
    expect(await pinned(flowOf('model: m'))).toMatchObject({
      agent: { skill: 'review', skillVersion: 3, instructions: 'Be strict.', tools: ['read_file'] },
      output: { schema: data.definition.output, passes: 2 },
    });
  });

  it('says more than the skill, and goes before it in tools and output', async () => {
    const step = await pinned(
      flowOf(
        'instructions: Be kind., tools: [bash], skillVersion: 2',
        ', output: { schema: { type: string }, passes: 1 }',
      ),
    );
    expect(step).toMatchObject({
      agent: { skillVersion: 2, instructions: 'Be strict.\n\nBe kind.', tools: ['bash'] },
      output: { schema: { type: 'string' }, passes: 1 },
    });
  });

  it('may be published again in its stored form: it stays the same', async () => {
    const once = await pinSkills(flowOf('instructions: Be kind.'), findReview);
    const flow = 'flow' in once ? once.flow : undefined;
    const reading = readFlow(JSON.stringify(flow));
    expect('flow' in reading && (await pinSkills(reading.flow, findReview))).toEqual({ flow });
  });

  it('has its connections, and takes nothing that the skill has not', async () => {
    const mcpServers = [{ name: 'docs', url: 'https://mcp.example' }];
    const definition = { slug: 'review', name: 'Review', instructions: 'Be strict.', mcpServers };
    const bare: FindSkill = () => Promise.resolve({ ...data, version: 1, definition });
    const result = await pinSkills(flowOf('model: m'), bare);
    const step = 'flow' in result ? result.flow.steps[0] : undefined;
    expect(step?.agent?.mcpServers).toEqual(mcpServers);
    expect([step && 'output' in step, step?.agent && 'tools' in step.agent]).toEqual([false, false]);
    expect((await pinned(flowOf('model: m')))?.agent).not.toHaveProperty('mcpServers');
  });

  it('holds two versions of it where its steps name two', async () => {
    const [first, second] = ['skillVersion: 1', 'model: m'].map((agent, n) => ({
      ...flowOf(agent).steps[0]!,
      key: `s${n}`,
    }));
    const result = await pinSkills({ ...flowOf('model: m'), steps: [first!, second!] }, findReview);
    expect('flow' in result && result.flow.steps.map(({ agent }) => agent?.skillVersion)).toEqual([1, 3]);
  });

  it('is refused with a version of no skill', async () => {
    const [step] = flowOf('model: m').steps;
    const { skill: _none, ...agent } = step!.agent!;
    const flow = { ...flowOf('model: m'), steps: [{ ...step!, agent: { ...agent, skillVersion: 2 } }] };
    expect(await pinSkills(flow, findReview)).toEqual({
      problems: [expect.objectContaining({ path: 'steps[0].agent.skillVersion', message: 'No skill is named.' })],
    });
  });

  it('is left open when the skill is not there yet, and refused when a version of it is not', async () => {
    const flow = flowOf('model: m');
    expect(await pinSkills(flow, () => Promise.resolve(undefined))).toEqual({ flow });
    expect(await pinSkills(flowOf('skillVersion: 4'), findReview)).toEqual({
      problems: [
        {
          path: 'steps[0].agent.skillVersion',
          message: 'There is no version 4 of the skill `review`.',
          fix: 'Leave `skillVersion` out to take the newest.',
        },
      ],
    });
  });

  it('asks for each skill once, so that all its steps work with the same version', async () => {
    let asked = 0;
    const counting: FindSkill = slug => {
      asked += 1;
      return findReview(slug, asked);
    };
    const steps = ['a', 'b', 'c'].map(key => ({ ...flowOf('model: m').steps[0]!, key }));
    const result = await pinSkills({ ...flowOf('model: m'), steps }, counting);
    expect('flow' in result && result.flow.steps.map(({ agent }) => agent?.skillVersion)).toEqual([1, 1, 1]);
  });

  it('is refused when its skills make it too large', async () => {
    const long: FindSkill = () =>
      Promise.resolve({ ...data, version: 1, definition: { ...data.definition, instructions: 'x'.repeat(50_000) } });
    const steps = Array.from({ length: Math.ceil(MAX_DOCUMENT_BYTES / 50_000) }, (_, n) => ({
      ...flowOf('model: m').steps[0]!,
      key: `s${n}`,
    }));
    expect(await pinSkills({ ...flowOf('model: m'), steps }, long)).toEqual({
      problems: [expect.objectContaining({ message: expect.stringContaining('too large') })],
    });
  });
});
