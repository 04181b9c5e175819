import { createEventStoreDbStore, newUuid } from '@runledger/event-store';
import { eventually, startEventStoreDouble } from '@runledger/testing';
import {
  append,
  asAuditor,
  auditorsDesk,
  bundleOf,
  EXAMPLES,
  openAuditWorld,
  RUN,
  WORKSPACE,
  writeExamples,
} from '../audit-world.fixture.js';
import type { AuditWorld } from '../audit-world.fixture.js';

const ofRun = EXAMPLES.filter(({ metadata }) => metadata.correlationId === RUN);
const desk = auditorsDesk();
let world: AuditWorld;
let lines: string[];
let key: string;

beforeAll(async () => {
  world = await openAuditWorld();
  await writeExamples(world.store, 4);
  lines = await bundleOf(world.audit, { runId: RUN });
  key = world.audit.checkpoints.signer.verifierKey;
});

afterAll(async () => {
  await world.close();
  desk.drop();
});

const entriesIn = (bundle: readonly string[]) =>
  bundle.slice(1, -1).map(line => (JSON.parse(line) as { entry: Record<string, unknown> }).entry);

describe('the bundle of a run', () => {
  it('holds every event that the run caused, in log order, as it was stored', async () => {
    const { events } = await world.store.readAll({ after: 0n, correlationId: RUN, tenant: WORKSPACE });
    expect(events).toHaveLength(ofRun.length);
    expect(entriesIn(lines)).toEqual(
      events.map(({ id, type, stream, revision, position, recordedAt, metadata, data }, n) => ({
        ...{ id, type, stream, revision, position: String(position), recordedAt, workspaceId: WORKSPACE },
        ...{ metadata, data },
        story: { n, prev: n === 0 ? null : expect.any(String) },
        workspace: { n: expect.any(Number), prev: expect.any(String) },
      })),
    );
  });

  it('is accepted by the verifier, by itself, in a process of its own', async () => {
    const { code, said } = await desk.check(lines, '--key', key);
    expect([code, said]).toEqual([0, expect.stringContaining(`OK  ${RUN}: ${ofRun.length} lines`)]);
    expect(said).toContain('none missing');
  });

  it('is the same to the byte however it is cut into pages', async () => {
    for (const limit of [1, 2, 7, lines.length])
      expect(await bundleOf(world.audit, { runId: RUN, limit })).toEqual(lines);
  });

  it('belongs to one workspace: another knows no such run', async () => {
    await expect(bundleOf(world.audit, { runId: RUN }, 'ws_other')).rejects.toThrow('There is no run');
  });

  it('takes no cursor but the one that it gave out for it', async () => {
    const first = await world.audit.bundle.page({ runId: RUN, limit: 2 }, asAuditor());
    const next = first.status === 'accepted' ? first.output.next! : '';
    for (const [cursor, workspace] of [
      [`${next}x`, WORKSPACE],
      [next, 'ws_other'],
      ['', WORKSPACE],
    ] as const) {
      const outcome = await world.audit.bundle.page({ runId: RUN, cursor }, asAuditor(workspace));
      expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: 'INVALID_CURSOR' } });
    }
  });
});

describe('the bundle of a range', () => {
  it('holds everything of the workspace, and nothing of another, and is accepted', async () => {
    const foreign = { ...EXAMPLES[0]!, id: newUuid() };
    await append(world.store, 'flow-foreign', foreign, 'ws_other');
    const bundle = await bundleOf(world.audit, {});
    expect(entriesIn(bundle)).toHaveLength(EXAMPLES.length * 5);
    expect((await desk.check(bundle, '--key', key)).code).toBe(0);
    expect(entriesIn(await bundleOf(world.audit, {}, 'ws_other'))).toMatchObject([{ id: foreign.id }]);
  });

  it('is empty, and accepted, where nothing happened', async () => {
    const bundle = await bundleOf(world.audit, { from: '2999-01-01T00:00:00.000Z' });
    expect(await desk.check(bundle)).toMatchObject({ code: 0 });
  });
});

describe('a checkpoint that somebody kept', () => {
  it('is continued by every later bundle, which proves it', async () => {
    const outcome = await world.audit.proofs.checkpoint({});
    const { note, size } = outcome.status === 'accepted' ? outcome.output.checkpoint : { note: '', size: 0 };
    const file = desk.keep('kept', note);
    await append(world.store, 'flow-more', { ...EXAMPLES[0]!, id: newUuid() });
    const told = await desk.check(await bundleOf(world.audit, { runId: RUN }), '--key', key, '--checkpoint', file);
    expect([told.code, told.said]).toEqual([3, expect.stringContaining(`since=${size}`)]);
    const bundle = await bundleOf(world.audit, { runId: RUN, since: size });
    const proven = await desk.check(bundle, '--key', key, '--checkpoint', file);
    expect([proven.code, proven.said]).toEqual([0, expect.stringContaining(`continues your checkpoint of ${size}`)]);
  });

  it('cannot be of more than there is', async () => {
    const refused = await world.audit.bundle.page({ runId: RUN, since: 1_000_000 }, asAuditor());
    expect(refused).toMatchObject({ status: 'refused', refusal: { rejected: 'INVALID_SIZE' } });
  });
});

describe('the tree', () => {
  it('is the same to the byte when it is thrown away and sealed anew', async () => {
    const before = await world.audit.proofs.checkpoint({});
    await world.audit.sealer.stop();
    await world.pool.query('drop schema audit cascade');
    const again = await world.open();
    const after = await again.proofs.checkpoint({});
    expect([before.status, after]).toEqual(['accepted', { ...before, output: expect.anything() as unknown }]);
    if (before.status !== 'accepted' || after.status !== 'accepted') return;
    expect(after.output.checkpoint).toEqual({ ...before.output.checkpoint, signedAt: expect.any(String) as string });
  });

  it('is sealed again when a database that died has forgotten its newest commits, although nothing more is written', async () => {
    const sealed = async () => {
      const outcome = await world.audit.proofs.checkpoint({});
      return outcome.status === 'accepted' ? outcome.output.checkpoint : undefined;
    };
    const before = await sealed();
    const { rows } = await world.pool.query('select * from audit.tree');
    const client = await world.pool.connect();
    await client.query('begin');
    await client.query('truncate audit.tile, audit.entry, audit.chain, audit.checkpoint');
    await client.query('update audit.tree set size = 0, position = 0');
    await client.query('update runledger.partition_checkpoint set position = 0');
    await client.query('commit');
    client.release();
    const tree = async () => (await world.pool.query<{ size: string }>('select * from audit.tree')).rows;
    await eventually(async () => expect(await tree()).toEqual(rows));
    expect((await sealed())?.root).toBe(before?.root);
  });

  it('is the same on EventStoreDB: a run’s bundle there is accepted too', async () => {
    const double = await startEventStoreDouble();
    const store = createEventStoreDbStore({ connectionString: double.connectionString });
    const there = await openAuditWorld(store);
    try {
      await writeExamples(store);
      const bundle = await bundleOf(there.audit, { runId: RUN });
      expect(entriesIn(bundle)).toHaveLength(ofRun.length);
      expect(await desk.check(bundle, '--key', key)).toMatchObject({ code: 0 });
      const proof = await there.audit.proofs.event({ eventId: ofRun.at(-1)!.id }, asAuditor());
      expect(proof).toMatchObject({ status: 'accepted', output: { proof: expect.any(Array) as unknown } });
    } finally {
      await there.close();
      await double.stop();
    }
  });
});
