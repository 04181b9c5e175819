import { newUuid } from '@runledger/event-store';
import { canonicalJson } from '@runledger/kernel';
import {
  append,
  asAuditor,
  auditorsDesk,
  bundleOf,
  EXAMPLES,
  openAuditWorld,
  ORIGIN,
  RUN,
  writeExamples,
} from '../audit-world.fixture.js';
import type { AuditWorld } from '../audit-world.fixture.js';
import { checkpointText, NoteSigner } from '../checkpoint/signed-note.js';
import { base64 } from '../tree/log-entry.js';
import { leafHash } from '../tree/merkle-tree.js';
import { treeOver } from '../tree/memory-tree.fixture.js';

interface Line {
  entry: {
    id: string;
    type: string;
    data: Record<string, unknown>;
    story: { n: number; prev: string | null };
    workspace: { n: number; prev: string | null };
  };
  leaf: number | null;
  proof: string[];
}

/** Of the victim: the event in the middle of the run, somewhere in the log. */
const VICTIM = 7;
const desk = auditorsDesk();
let world: AuditWorld;
let good: string[];
let key: string;
/** Of the workspace, when less had happened. */
let earlier: string[];
let note: string;
let kept: string;
let keptSize: number;

beforeAll(async () => {
  world = await openAuditWorld();
  await writeExamples(world.store, 2);
  const outcome = await world.audit.proofs.checkpoint({});
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  keptSize = outcome.output.checkpoint.size;
  note = outcome.output.checkpoint.note;
  kept = desk.keep('kept', note);
  earlier = await bundleOf(world.audit, {});
  for (const id of [newUuid(), newUuid()]) await append(world.store, 'flow-more', { ...EXAMPLES[0]!, id });
  await world.pool.query(`select nextval('runledger.gpos')`); // as when an append was rolled back
  await append(world.store, 'flow-last', { ...EXAMPLES[0]!, id: newUuid() });
  good = await bundleOf(world.audit, { runId: RUN, since: keptSize });
  key = world.audit.checkpoints.signer.verifierKey;
});

afterAll(async () => {
  await world.close();
  desk.drop();
});

const check = (lines: readonly string[] | string) => desk.check(lines, '--key', key, '--checkpoint', kept);
const lineOf = (at: number) => JSON.parse(good[at]!) as Line;
const changed = (at: number, change: (line: Line) => void) => {
  const line = lineOf(at);
  change(line);
  return good.with(at, canonicalJson(line));
};

/** The verifier says no, names the line and the event, and says why. */
async function isNamed(lines: readonly string[] | string, where: RegExp, why: RegExp): Promise<void> {
  const { code, said } = await check(lines);
  expect([code, said]).toEqual([1, expect.stringMatching(where)]);
  expect(said).toMatch(why);
}

const line3 = (text: string, line: string) => text.split('\n').with(2, line).join('\n');
const victim = () => new RegExp(`^BAD line ${VICTIM + 1}, event ${lineOf(VICTIM).entry.id} \\(`);

describe('a bundle that somebody else changed', () => {
  it('was good before', async () => {
    expect(await check(good)).toMatchObject({ code: 0 });
  });

  it('is refused with an event edited, and names it', async () => {
    const edited = changed(VICTIM, ({ entry }) => (entry.data = { ...entry.data, extra: 'word' }));
    await isNamed(edited, victim(), /it is not what was sealed/);
    const spaced = good.with(VICTIM, good[VICTIM]!.replace('"data":', '"data": '));
    await isNamed(spaced, victim(), /not in canonical form/);
  });

  it('is refused with an event deleted, and names where', async () => {
    await isNamed(good.toSpliced(VICTIM, 1), /^BAD line 8, event /, /before it, event 6 of the run is missing/);
    await isNamed(good.toSpliced(1, 1), /^BAD line 2, event /, /before it, event 0 of the run is missing/);
  });

  it('is refused with an event inserted, and names it', async () => {
    const { entry, leaf, proof } = lineOf(VICTIM);
    const made = { entry: { ...entry, id: newUuid() }, leaf, proof };
    await isNamed(good.toSpliced(VICTIM, 0, canonicalJson(made)), /^BAD line 8, event /, /not what was sealed/);
    await isNamed(good.toSpliced(VICTIM, 0, good[VICTIM - 1]!), /^BAD line 8, event /, /out of order, or was inserted/);
  });

  it('is refused with events in another order, and names the first', async () => {
    const swapped = good.with(VICTIM, good[VICTIM + 1]!).with(VICTIM + 1, good[VICTIM]!);
    await isNamed(swapped, /^BAD line 8, event /, /event 6 of the run is missing/);
  });

  it('is refused with its tail cut, whether its end was cut as well or not', async () => {
    await isNamed(good.slice(0, -3), /^BAD the bundle was cut/, /no end/);
    await isNamed(good.toSpliced(-3, 2), /^BAD line \d+/, /the tail was cut/);
    const end = JSON.parse(good.at(-1)!) as { end: { events: number } };
    const patched = canonicalJson({ end: { ...end.end, events: end.end.events - 2 } });
    await isNamed(
      [...good.slice(0, -3), patched],
      /^BAD line \d+/,
      /events were signed and only \d+ are here: the tail/,
    );
    await isNamed(good.join('\n').slice(0, -20), /^BAD line \d+/, /cut or edited/);
  });

  const OF_ANOTHER = /^BAD line \d+: the head at the end was signed for another bundle \(/;
  const endOf = (lines: readonly string[]) => (JSON.parse(lines.at(-1)!) as { end: { head: string } }).end;
  const refusedAsOfAnother = async (lines: readonly string[]) => {
    const { code, said } = await desk.check(lines, '--key', key);
    expect([code, said]).toEqual([1, expect.stringMatching(OF_ANOTHER)]);
  };

  it('is refused with all events taken out of it, of a run or of a range', async () => {
    for (const scope of [
      { runId: RUN },
      {},
      { from: '2000-01-01T00:00:00.000Z' },
      { to: '2999-01-01T00:00:00.000Z' },
    ]) {
      const lines = await bundleOf(world.audit, scope);
      await refusedAsOfAnother([lines[0]!, canonicalJson({ end: { ...endOf(lines), events: 0 } })]);
    }
  });

  it('is refused where it was cut and has the end that an earlier bundle had', async () => {
    const later = await bundleOf(world.audit, {});
    expect(await desk.check(earlier, '--key', key)).toMatchObject({ code: 0 });
    expect(later.length).toBeGreaterThan(earlier.length);
    await refusedAsOfAnother([...later.slice(0, earlier.length - 1), earlier.at(-1)!]);
  });

  it('is refused where its range was cut at the beginning, or is said to be another', async () => {
    const lines = await bundleOf(world.audit, { from: '2000-01-01T00:00:00.000Z' });
    expect(await desk.check(lines, '--key', key)).toMatchObject({ code: 0 });
    const second = JSON.parse(lines[2]!) as Line;
    const proven = await world.audit.proofs.event({ eventId: second.entry.id }, asAuditor());
    if (proven.status === 'refused') throw new Error(proven.refusal.message);
    const end = canonicalJson({ end: { ...endOf(lines), events: lines.length - 3 } });
    await refusedAsOfAnother([
      ...[lines[0]!, canonicalJson({ ...second, proof: proven.output.proof })],
      ...[...lines.slice(3, -1), end],
    ]);
    const header = JSON.parse(lines[0]!) as object;
    await refusedAsOfAnother(lines.with(0, canonicalJson({ ...header, scope: { from: '2001-01-01T00:00:00.000Z' } })));
  });

  it('is refused with its beginning cut, where it begins with the first event of the workspace', async () => {
    const lines = await bundleOf(world.audit, {});
    const { code, said } = await desk.check(lines.toSpliced(1, 1), '--key', key);
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^BAD line 2, event .*: before it, event 0 of the workspace/),
    ]);
  });

  it('is refused with a place in the log that is none', async () => {
    for (const leaf of [-1, 0.5]) {
      const moved = changed(VICTIM, line => (line.leaf = leaf));
      await isNamed(
        moved,
        new RegExp(`^BAD line ${VICTIM + 1}, event `),
        /its place in the log is no number of an entry/,
      );
    }
  });

  it.each<[string, RegExp, (text: string) => string]>([
    ['nothing in it', /^BAD the bundle is empty$/m, () => ''],
    ['Windows line ends', /^BAD line 1: a carriage return was put at its end/, text => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', /^BAD line 1: .*byte order mark/, text => `\uFEFF${text}`],
    ['zeros in it', /^BAD line 1: .*no UTF-8 text/, text => [...text.slice(0, 40)].join('\0')],
    ['a line that is null', /^BAD line 3: it is no line of an audit bundle/, text => line3(text, 'null')],
    ['a line of another shape', /^BAD line 3: it is no line of an audit bundle/, text => line3(text, '{"entry":7}')],
    [
      'no proof',
      /^BAD line 3, event .*: it is no line of an audit bundle/,
      text => line3(text, good[2]!.replace(/"proof":.*/, '"proof":null}')),
    ],
    ['endless brackets', /^BAD line 3: the line is not JSON/, text => line3(text, '['.repeat(200_000))],
    [
      'more in it than its end says',
      /and \d+ are here: events were added/,
      text => text.replace(/"events":\d+/, '"events":1'),
    ],
  ])('with %s is refused in words that people understand', async (_what, why, change) => {
    const { code, said } = await check(change(`${good.join('\n')}\n`));
    expect([code, said]).toEqual([1, expect.stringMatching(why)]);
    expect(said).not.toMatch(/undefined|Cannot read/);
  });

  it('continues a checkpoint that was kept with an empty line at its end, or with none', async () => {
    for (const [name, text] of Object.entries({ printed: `${note}\n`, cut: note.trimEnd() })) {
      const answer = await desk.check(good, '--key', key, '--checkpoint', desk.keep(name, text));
      expect(answer).toMatchObject({ code: 0, said: expect.stringContaining('continues your checkpoint') as string });
    }
  });

  it('is not blamed for a key or a checkpoint that is none', async () => {
    expect(await desk.check(good, '--key', 'hello')).toMatchObject({
      code: 2,
      said: expect.stringMatching(/^--key hello/) as string,
    });
    const letter = desk.keep('letter', 'Dear auditor,\n');
    const answer = await desk.check(good, '--key', key, '--checkpoint', letter);
    expect(answer).toMatchObject({
      code: 2,
      said: expect.stringMatching(/^--checkpoint letter: this is no checkpoint/) as string,
    });
  });

  it('is refused with the head forged, by whoever has no key', async () => {
    const forger = new NoteSigner(ORIGIN, Buffer.alloc(32, 66));
    const header = JSON.parse(good[0]!) as Record<string, unknown>;
    const root = Buffer.alloc(32, 1);
    const forged = {
      ...header,
      checkpoint: forger.sign(checkpointText(ORIGIN, keptSize, root)),
      keys: [{ key: forger.verifierKey }],
    };
    await isNamed(good.with(0, canonicalJson(forged)), /^BAD line 1: /, /not signed by a key that is trusted here/);
    const end = { events: good.length - 2, head: forger.sign(checkpointText(`${ORIGIN}/x`, 1, root)) };
    await isNamed(good.with(-1, canonicalJson({ end })), /^BAD line \d+/, /the head at the end is not signed/);
  });
});

describe('a log that its own operator changed, who has the key', () => {
  const ours = () => world.audit.checkpoints.signer;

  /** A history of the operator's own: other events, chained, sealed and signed as if they had been there. */
  async function forgedHistory(texts: readonly string[]): Promise<readonly string[]> {
    const leaves = texts.map(text => leafHash(text));
    const tree = treeOver(leaves);
    const header = JSON.parse(good[0]!) as { consistency: unknown };
    const signed = ours().sign(checkpointText(ORIGIN, leaves.length, await tree.root()));
    const consistency = {
      from: keptSize,
      proof: (await tree.consistency(Math.min(keptSize, leaves.length))).map(base64),
    };
    const lines = [canonicalJson({ ...header, checkpoint: signed, consistency, scope: {} })];
    for (const [leaf, text] of texts.entries()) {
      const below = leaf === 0 ? undefined : Math.floor(Math.log2(leaf ^ (leaf - 1)));
      const proof = (await tree.inclusion(leaf, below)).map(base64);
      lines.push(`{"entry":${text},"leaf":${leaf},"proof":${JSON.stringify(proof)}}`);
    }
    const { workspaceId } = JSON.parse(good[0]!) as { workspaceId: string };
    const about = canonicalJson({ events: texts.length, scope: {}, size: leaves.length });
    const text = checkpointText(`${ORIGIN}/workspaces/${workspaceId}`, leaves.length, leaves.at(-1)!, about);
    return [...lines, canonicalJson({ end: { events: texts.length, head: ours().sign(text) } })];
  }

  /** The whole log, with every chain and hash made anew after a change to one event. */
  async function rechained(change: (entries: Line['entry'][]) => void): Promise<readonly string[]> {
    const entries = (await bundleOf(world.audit, {})).slice(1, -1).map(line => (JSON.parse(line) as Line).entry);
    change(entries);
    let prev: string | null = null;
    const texts: string[] = [];
    for (const [n, entry] of entries.entries()) {
      texts.push(canonicalJson({ ...entry, workspace: { n, prev } }));
      prev = base64(leafHash(texts.at(-1)!));
    }
    return forgedHistory(texts);
  }

  it('is accepted by whoever kept nothing: consistent in itself', async () => {
    const lines = await rechained(entries => (entries[VICTIM]!.data = { nothing: 'happened' }));
    expect(await desk.check(lines, '--key', key)).toMatchObject({ code: 0 });
  });

  it('is refused when the whole log was re-chained, by a checkpoint kept elsewhere', async () => {
    const lines = await rechained(entries => (entries[VICTIM]!.data = { nothing: 'happened' }));
    await isNamed(lines, /^BAD line 1: /, /history was rewritten: the log does not continue your checkpoint/);
  });

  it('is refused when the log was cut, by a checkpoint kept elsewhere', async () => {
    const lines = await rechained(entries => entries.splice(-20));
    await isNamed(lines, /^BAD line 1: /, /the log was cut, or the bundle is older/);
  });

  it('is refused when history was forked, by the checkpoint of the same size', async () => {
    const lines = await rechained(entries => {
      entries.splice(keptSize);
      entries[VICTIM]!.data = { nothing: 'happened' };
    });
    await isNamed(lines, /^BAD line 1: /, /history was forked/);
  });

  it('is refused when an event was edited in the database, and names it', async () => {
    const { id, data } = lineOf(VICTIM).entry;
    const edit = (to: unknown) =>
      world.pool.query('update runledger.event set data = $2 where event_id = $1', [id, JSON.stringify(to)]);
    await edit({ other: 1 });
    await isNamed(await bundleOf(world.audit, { runId: RUN }), victim(), /not what was sealed/);
    const proof = await world.audit.proofs.event({ eventId: id }, asAuditor());
    if (proof.status === 'refused') throw new Error(proof.refusal.message);
    expect(base64(leafHash(proof.output.entry))).not.toBe(proof.output.leafHash);
    await edit(data);
  });

  it('is refused when an event was put into the database behind the sealer’s back, and names it', async () => {
    const { id } = lineOf(VICTIM).entry;
    await world.pool.query(
      `insert into runledger.event select (select max(gpos) - 1 from runledger.event), stream_id, revision + 1000,
         gen_random_uuid(), recorded_at, tenant, stream, type, correlation_id, data, metadata
         from runledger.event where event_id = $1`,
      [id],
    );
    const lines = await bundleOf(world.audit, { runId: RUN });
    await isNamed(lines, new RegExp(`^BAD line ${lines.length - 1}, event `), /put into the store from behind/);
  });

  it('is refused when an event was taken out of the database, and names where', async () => {
    await world.pool.query('delete from runledger.event where event_id = $1', [lineOf(VICTIM - 1).entry.id]);
    await isNamed(await bundleOf(world.audit, { runId: RUN }), /^BAD line 7, event /, /event 5 of the run is missing/);
  });
});
