import type { FlowDefinition } from '@runledger/contracts';
import { applyPatch } from 'diff';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { definition } from '../runs/run-story.fixture.js';
import { diffFlows } from './flow-diff.js';

const diff = (before: FlowDefinition, after: FlowDefinition) =>
  diffFlows({ name: 'release@1', definition: before }, { name: 'release@2', definition: after });
const [build, lint, deploy] = definition.steps;

describe('the difference of two versions of a flow', () => {
  it('is nothing for the same definition', () => {
    expect(diff(definition, JSON.parse(JSON.stringify(definition)) as FlowDefinition)).toMatchObject({
      fields: [],
      steps: [],
      reordered: false,
    });
  });

  it('names each field of the flow and of its steps, with what it was and what it is', () => {
    const after: FlowDefinition = {
      ...definition,
      name: 'Ship',
      retention: { artifactsDays: 90 },
      steps: [
        { ...build!, needs: ['audit'], agent: { ...build!.agent!, model: 'opus', maxTurns: 5 } },
        { ...lint!, key: 'audit', name: 'Audit' },
        deploy!,
      ],
    };
    const { fields, steps, text } = diff(definition, after);
    expect(fields).toEqual([
      { path: 'name', kind: 'CHANGED', before: 'Release', after: 'Ship' },
      { path: 'retention.artifactsDays', kind: 'CHANGED', before: 30, after: 90 },
    ]);
    expect(steps.map(({ key, kind }) => `${kind} ${key}`)).toEqual(['CHANGED build', 'ADDED audit', 'REMOVED lint']);
    expect(steps[0]?.fields).toEqual([
      { path: 'needs', kind: 'CHANGED', before: [], after: ['audit'] },
      { path: 'agent.model', kind: 'CHANGED', before: 'sonnet', after: 'opus' },
      { path: 'agent.maxTurns', kind: 'ADDED', before: null, after: 5 },
    ]);
    expect(text).toContain('--- release@1\n+++ release@2\n');
    expect(text).toContain('-      model: sonnet\n+      model: opus\n');
  });

  it('tells a new order of the same steps', () => {
    const turned = { ...definition, steps: [lint!, build!, deploy!] };
    expect(diff(definition, turned)).toMatchObject({ fields: [], steps: [], reordered: true });
  });

  it('holds as text everything that is needed to make one version from the other', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      name: fc.string({ minLength: 1, maxLength: 9 }),
    });
    const steps = fc.uniqueArray(step, { selector: ({ key }) => key, minLength: 1 });
    const flow = steps.map(some => ({ ...definition, steps: some.map(part => ({ ...lint!, ...part })) }));
    fc.assert(
      fc.property(flow, flow, (before, after) => {
        const { text } = diff(before, after);
        const made = applyPatch(stringify(before, { lineWidth: 0 }), text ?? '');
        expect(parse(String(made))).toEqual(after);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves the text out when the two have too little in common', () => {
    const long = (mark: string) =>
      ({
        ...definition,
        description: Array.from({ length: 4_000 }, (_, line) => `${mark}${line}`).join('\n'),
      }) as const;
    const { text, fields } = diff(long('a'), long('b'));
    expect([text, fields.map(({ path }) => path)]).toEqual([null, ['description']]);
  });
});
