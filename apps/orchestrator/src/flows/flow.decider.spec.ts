import { FlowVersionPublished } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { flow, type PublishFlowVersion } from './flow.decider.js';

const given = specify(flow);
const definition = {
  slug: 'demo',
  name: 'Demo',
  parameters: { type: 'object' },
  defaults: { execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
  requires: { credentials: [], environments: [], integrations: [] },
  retention: { artifactsDays: 30 },
  steps: [
    {
      key: 's',
      name: 's',
      needs: [],
      command: { run: 'true' },
      onFailure: { then: 'FAIL' },
      timeoutMs: 1_000,
      artifacts: [],
    },
  ],
} as const;

function publish(hash: string): PublishFlowVersion {
  const data = {
    flowId: 'flow_demo',
    slug: 'demo',
    hash,
    definition: structuredClone(definition) as unknown as PublishFlowVersion['data']['definition'],
    source: 'slug: demo',
    sourceFormat: 'yaml',
    publishedBy: { kind: 'member', id: 'mem_ada' },
    publishedAt: '2026-03-01T10:00:00.000Z',
  } as const;
  return { type: 'PublishFlowVersion', data };
}

const published = (hash: string, version: number) => FlowVersionPublished({ ...publish(hash).data, version });

describe('publishing a flow', () => {
  it('makes its first version', () => given().when(publish('aaa')).thenEmits(published('aaa', 1)));

  it('makes the next version when the content is another', () =>
    given(published('aaa', 1)).when(publish('bbb')).thenEmits(published('bbb', 2)));

  it('makes none when the newest version says the same', () =>
    given(published('aaa', 1)).when(publish('aaa')).thenNothing());

  it('makes an older content the newest again', () =>
    given(published('aaa', 1), published('bbb', 2)).when(publish('aaa')).thenEmits(published('aaa', 3)));
});
