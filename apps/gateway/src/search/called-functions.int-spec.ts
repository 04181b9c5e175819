import { RunFailed, StepBlocked, StepFailed } from '@runledger/contracts';
import type { DomainEvent } from '@runledger/kernel';
import { recordedEvents } from '@runledger/projections';
import type { DataSource } from 'typeorm';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { announced, announcementPublished, functionStory } from '../runs/function-story.fixture.js';
import { at, upToTheGate } from '../runs/run-story.fixture.js';
import { searchProjection } from './search.projection.js';

const RUN = 'run_0198f3a0-0000-7000-8000-600000000001';
const FAILED = 'run_0198f3a0-0000-7000-8000-600000000002';
const SEARCH = 'query ($query: String!) { search(query: $query) { nodes { kind step attempt entryId run { id } } } }';

describe('what functions are called with, and what becomes of it', () => {
  let gateway: TestGateway;
  let rows: DataSource;
  let token: string;
  beforeAll(async () => {
    gateway = await testGateway();
    rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE);
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-announce' }, announcementPublished);
    await gateway.tell({ workspaceId: 'ws_acme', stream: `run-${RUN}`, runId: RUN }, ...announced(RUN));
    await gateway.tell({ workspaceId: 'ws_acme', stream: `run-${FAILED}`, runId: FAILED }, ...endedBadly(FAILED));
  });
  afterAll(() => gateway.close());

  const find = async (query: string) => {
    const { data, errors } = await gateway.graphql(token, SEARCH, { query });
    expect(errors).toBeUndefined();
    return (data.search.nodes as { kind: string; step: string; attempt: number; run: { id: string } }[]).map(
      ({ kind, step, attempt, run }) => [kind, step, attempt, run.id],
    );
  };

  it('is found once: the name, the result that people look at, and why an attempt was not the last', async () => {
    expect(await find('"close-ticket"')).toEqual([FAILED, RUN].map(runId => ['TOOL_CALL', 'close', 1, runId]));
    expect(await find('Opened')).toEqual([['OUTPUT', 'ticket', 1, RUN]]);
    expect(await find('"does not answer"')).toEqual([['ERROR', 'note', 1, RUN]]);
    expect(await find('"note is done"')).toEqual([['OUTPUT', 'note', 2, RUN]]);
  });

  it('is found where it failed or was blocked, with what puts it right', async () => {
    expect(await find('registry')).toEqual([['ERROR', 'note', 1, FAILED]]);
    expect(await find('TRACKER_URL')).toEqual([['ERROR', 'ticket', 1, FAILED]]);
  });

  it('has the same rows however it comes in batches, and nothing is left of a run that has ended', async () => {
    const events = recordedEvents([...announced(RUN), ...endedBadly(RUN)], { tenant: 'ws_acme', correlationId: RUN });
    const own = events.filter(({ type }) => searchProjection.types.includes(type));
    const found = [];
    for (const size of [1, 2, 3, own.length]) {
      await rows.query(`TRUNCATE ${searchProjection.tables.join(', ')}`);
      for (let from = 0; from < own.length; from += size) {
        await rows.transaction(manager => searchProjection.apply(own.slice(from, from + size), manager));
      }
      found.push(await rows.query('SELECT position, part, kind, step, attempt, text FROM search_texts ORDER BY 1, 2'));
      expect(await rows.query('SELECT * FROM search_calls')).toEqual([]);
    }
    expect(found[0]).not.toEqual([]);
    for (const one of found) expect(one).toEqual(found[0]);
  });

  it('is not taken from steps in sandboxes, whose attempts say it themselves', async () => {
    await rows.query(`TRUNCATE ${searchProjection.tables.join(', ')}`);
    const events = recordedEvents(upToTheGate(RUN), { tenant: 'ws_acme', correlationId: RUN });
    const own = events.filter(({ type }) => searchProjection.types.includes(type));
    await rows.transaction(manager => searchProjection.apply(own, manager));
    const outputs = await rows.query(`SELECT step FROM search_texts WHERE kind = 'OUTPUT' ORDER BY step`);
    expect(outputs).toEqual([{ step: 'build' }, { step: 'lint' }]);
  });
});

/** One function fails its run, while another is blocked, and a third never returns. */
function endedBadly(runId: string): readonly DomainEvent[] {
  const run = functionStory(runId);
  const error = { code: 'REGISTRY', message: 'The registry refused it.' };
  const cause = { kind: 'ENVIRONMENT', message: 'No tracker is set up.', fix: 'Set TRACKER_URL.' } as const;
  return [
    run.started(),
    ...[run.called('ticket', 'open-ticket'), run.called('note', 'post-note'), run.called('close', 'close-ticket')],
    StepBlocked({ runId, step: 'ticket', attempt: 1, cause, blockedAt: at(3) }),
    StepFailed({ runId, step: 'note', attempt: 1, outcome: 'ERROR', error, failedAt: at(4) }),
    RunFailed({ runId, step: 'note', error, failedAt: at(4) }),
  ];
}
