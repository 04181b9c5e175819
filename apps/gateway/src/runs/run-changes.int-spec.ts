import type { DomainEvent } from '@runledger/kernel';
import type { Client } from 'graphql-ws';
import { collect, socketClient } from '../gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { story, upToTheGate } from './run-story.fixture.js';

const ONE = `subscription ($runId: ID!, $after: Position) { runChanged(runId: $runId, after: $after) {
  ... on RunChange { cursor fits run { id status position } } } }`;
const MANY = `subscription ($filter: RunFilter, $after: Position) { runsChanged(filter: $filter, after: $after) {
  ... on RunChange { cursor fits run { id status } } ... on ChangesBegin { cursor } } }`;

interface Change {
  readonly cursor: string;
  readonly fits?: boolean;
  readonly run?: { readonly id: string; readonly status: string; readonly position: string };
}

describe('changes of runs', () => {
  let gateway: TestGateway;
  let ada: string;
  let client: Client;
  let made = 0;
  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    client = socketClient(gateway.url, ada);
  });
  afterAll(async () => {
    await client.dispose();
    await gateway.close();
  });

  const newRun = () => `run_0198f3a0-0000-7000-8000-3000000000${10 + (made += 1)}`;
  const tell = (runId: string, ...events: readonly DomainEvent[]) =>
    gateway.tell({ workspaceId: 'ws_acme', stream: `run-${runId.slice(4)}`, runId }, ...events);

  it('begin with the run as it is, and go on to its end', async () => {
    const runId = newRun();
    const run = story(runId);
    await tell(runId, ...upToTheGate(runId));
    let steps = 0;
    const { items } = await collect<Change>(client, ONE, { runId }, all => {
      if (all.length === 1 && (steps += 1) === 1) void tell(runId, run.decided(), run.resolved(), run.ended());
      return all.at(-1)?.run?.status === 'COMPLETED';
    });
    expect(items[0]?.run?.status).toBe('PAUSED');
    const cursors = items.map(({ cursor }) => cursor);
    expect(cursors).toEqual([...cursors].sort());
    const { items: resumed } = await collect<Change>(client, ONE, { runId, after: cursors[0] }, all => all.length > 0);
    expect(resumed.at(-1)?.run?.id).toBe(runId);
  });

  it('are read afresh each time, with all that belongs to the run', async () => {
    const runId = newRun();
    const run = story(runId);
    await tell(runId, ...upToTheGate(runId));
    let told = false;
    const { items } = await collect<{ run: { approvals: readonly { state: string }[] } }>(
      client,
      `subscription ($runId: ID!) { runChanged(runId: $runId) { ... on RunChange { run { approvals { state } } } } }`,
      { runId },
      all => {
        if (!told) void tell(runId, run.decided());
        told = true;
        return all.at(-1)?.run.approvals[0]?.state === 'DECIDED';
      },
    );
    expect(items[0]?.run.approvals[0]?.state).toBe('OPEN');
  });

  it('say from where they are told, so that a list read behind it misses nothing', async () => {
    const [mine, other] = [newRun(), newRun()];
    let begun = false;
    const { items } = await collect<Change>(
      client,
      MANY,
      { filter: { subjectId: 'OPS-7', status: ['PENDING', 'RUNNING'] } },
      all => {
        if (!begun) {
          begun = true;
          void tell(mine, story(mine).started()).then(() => tell(other, story(other).started()));
        }
        return all.length === 3;
      },
    );
    expect(items[0]).toEqual({ cursor: expect.stringMatching(/^\d{19}$/) as string });
    expect(items.slice(1).map(({ run, fits }) => [run?.id, fits])).toEqual([
      [mine, true],
      [other, true],
    ]);
    // One of them is told when it is none of those that were asked for any more; those of another flow never are.
    const after = items.at(-1)?.cursor;
    const filter = { flow: 'release', status: ['PENDING'] };
    await tell(mine, story(mine).ended());
    const rest = await collect<Change>(client, MANY, { after, filter }, all => all.length === 1);
    expect(rest.items).toMatchObject([{ fits: false, run: { id: mine, status: 'COMPLETED' } }]);
    const elsewhere = newRun();
    await tell(elsewhere, story(elsewhere).started());
    const later = { after: rest.items[0]?.cursor, filter: { text: elsewhere } };
    const found = await collect<Change>(client, MANY, later, all => all.length === 1);
    expect(found.items).toMatchObject([{ fits: true, run: { id: elsewhere } }]);
  });

  it('are told to nobody of another workspace', async () => {
    const runId = newRun();
    await tell(runId, story(runId).started());
    const eve = socketClient(gateway.url, await gateway.tokenFor('ws_other', 'mem_eve'));
    const { errors } = await collect<Change>(eve, ONE, { runId }, () => true);
    expect(errors[0]?.extensions?.['code']).toBe('NOT_FOUND');
    await eve.dispose();
  });
});
