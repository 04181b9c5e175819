import { createHash } from 'node:crypto';
import { canonicalJson } from '@runledger/kernel';
import { checkpointOf, handedOver, LOG, ours, RUN, signerOf, smallBundle } from './small-bundle.fixture.js';
import { readKey, verifyBundle } from './verify.mjs';

const trusting = (lines: readonly string[], ...signers: readonly { readonly verifierKey: string }[]) =>
  verifyBundle(lines, { keys: signers.map(({ verifierKey }) => verifierKey) });
/** A line with fields of it changed. */
const edited = (lines: readonly string[], at: number, change: (line: Record<string, unknown>) => object) =>
  lines.with(at, canonicalJson(change(JSON.parse(lines[at]!) as Record<string, unknown>)));
const accepted = { count: 4 };

describe('whom a verifier trusts', () => {
  const [older, newer, forger] = [signerOf(2), signerOf(3), signerOf(66)];

  it('is who it was told to, and not whom the bundle names', async () => {
    const forged = await smallBundle({
      signer: forger,
      keys: [{ key: ours.verifierKey }, { key: forger.verifierKey }],
    });
    expect(await trusting(forged)).toMatchObject(accepted);
    await expect(trusting(forged, ours)).rejects.toThrow('line 1: the checkpoint of the bundle is not signed by a key');
    await expect(trusting(await smallBundle(), forger)).rejects.toThrow('not signed by a key that is trusted here');
  });

  it('is, of a log whose key was changed twice, whoever follows from any of its keys', async () => {
    const keys = [{ key: ours.verifierKey }, handedOver(older, ours), handedOver(newer, older)];
    const bundle = await smallBundle({ signer: newer, keys });
    for (const known of [ours, older, newer]) expect(await trusting(bundle, known)).toMatchObject(accepted);
    await expect(trusting(bundle, forger)).rejects.toThrow('not signed by a key that is trusted here');
  });

  it('is nobody to whom no trusted key has handed over', async () => {
    const named = [{ key: ours.verifierKey }];
    const stolen = handedOver(newer, ours).statement!;
    for (const theirs of [
      { key: forger.verifierKey },
      { key: forger.verifierKey, statement: stolen },
      { key: forger.verifierKey, statement: ours.sign(`${forger.verifierKey}\n`) },
      handedOver(forger, signerOf(67)),
    ]) {
      const forged = smallBundle({ signer: forger, keys: [...named, theirs] });
      await expect(trusting(await forged, ours)).rejects.toThrow('is not signed by a key that is trusted here');
    }
  });

  it('is told by a key that is whole, with or without a line end behind it', () => {
    const [name, id, encoded] = ours.verifierKey.split('+', 3) as [string, string, string];
    const raw = Buffer.from(ours.verifierKey.slice(name.length + id.length + 2), 'base64');
    const keyOf = (bytes: Buffer) => {
      const sum = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
      return `${name}+${sum}+${bytes.toString('base64')}`;
    };
    expect(encoded).not.toBe('');
    for (const text of [keyOf(raw), `${ours.verifierKey}\n`, `  ${ours.verifierKey}`]) {
      expect(readKey(text)).toMatchObject({ name, id });
    }
    const otherAlgorithm = Buffer.concat([Buffer.of(2), raw.subarray(1)]);
    const mistyped = ours.verifierKey.replace(`+${id}+`, '+00000000+');
    for (const text of [
      keyOf(otherAlgorithm),
      keyOf(raw.subarray(0, -1)),
      keyOf(Buffer.concat([raw, raw])),
      mistyped,
    ]) {
      expect(() => readKey(text)).toThrow(`this is no Ed25519 key: ${text}`);
    }
  });
});

describe('a bundle of another kind', () => {
  it.each([
    ['of an older form', { version: 2 }, 'this is not an audit bundle of version 3'],
    ['of something else', { format: 'runledger.report' }, 'this is not an audit bundle of version 3'],
    ['without keys', { keys: null }, 'this is not the first line of an audit bundle: it was edited'],
    ['without a scope', { scope: null }, 'this is not the first line of an audit bundle: it was edited'],
    ['with a list as its scope', { scope: [] }, 'this is not the first line of an audit bundle: it was edited'],
    [
      'of a log that has no size',
      { checkpoint: checkpointOf(LOG, 'many') },
      'the checkpoint of the bundle has no size',
    ],
    [
      'of a log of too many',
      { checkpoint: checkpointOf(LOG, '9'.repeat(20)) },
      'the checkpoint of the bundle has no size',
    ],
    ['of another workspace', { workspaceId: 'ws_other' }, 'line 2, event event-0 .*: it is of another workspace'],
    ['of another run', { scope: { runId: 'run_other' } }, 'line 2, event event-0 .*: it is of another run'],
  ])('is refused: one %s', async (_what, header, why) => {
    await expect(trusting(await smallBundle({ header }), ours)).rejects.toThrow(new RegExp(why));
  });

  it('is refused: one with an event of another workspace or run among its own, although they were sealed', async () => {
    const among = (change: Record<string, unknown>) => (at: number) => (at === 2 ? change : {});
    const others = await smallBundle({ entry: among({ workspaceId: 'ws_other' }) });
    await expect(trusting(others, ours)).rejects.toThrow(/^line 4, event event-2 .*: it is of another workspace/);
    const scope = { runId: RUN };
    expect(await trusting(await smallBundle({ scope }), ours)).toMatchObject(accepted);
    const another = await smallBundle({ scope, entry: among({ metadata: { correlationId: 'run_other' } }) });
    await expect(trusting(another, ours)).rejects.toThrow(/^line 4, event event-2 .*: it is of another run/);
  });

  it('is refused: one with a line of another shape, in words that people understand', async () => {
    const good = await smallBundle();
    const shapes: ((line: { entry: object }) => object)[] = [
      line => ({ ...line, entry: [line.entry] }),
      line => ({ ...line, entry: { ...line.entry, id: 7 } }),
      line => ({ ...line, entry: { ...line.entry, type: null } }),
      line => ({ ...line, entry: { ...line.entry, metadata: 'none' } }),
      line => ({ ...line, entry: { ...line.entry, story: [] } }),
      line => ({ ...line, entry: { ...line.entry, workspace: null } }),
      line => ({ ...line, proof: 'AAAA' }),
      () => ({ end: [] }),
    ];
    for (const shape of shapes) {
      const bundle = edited(good, 2, line => shape(line as { entry: object }));
      await expect(trusting(bundle, ours)).rejects.toThrow(
        /^line 3.*: it is no line of an audit bundle: it was edited/,
      );
    }
  });

  it('is refused: one that is packed, or has an empty line, and says so', async () => {
    const good = await smallBundle();
    await expect(trusting(['\x1F\uFFFD\b'], ours)).rejects.toThrow('the file is packed (gzip). Unpack it first');
    await expect(trusting(good.toSpliced(2, 0, ''), ours)).rejects.toThrow('line 3: the line is not JSON: it is empty');
  });

  it('is refused: one whose chain is broken, although all of it was sealed', async () => {
    const entry = (at: number) => (at === 2 ? { workspace: { n: 2, prev: 'AAAA' } } : {});
    await expect(trusting(await smallBundle({ entry }), ours)).rejects.toThrow(
      /^line 4, event event-2 .*: it does not follow the event above in the chain of the workspace/,
    );
  });

  it('is refused: one behind whose end something follows, even its end again', async () => {
    const good = await smallBundle();
    await expect(trusting([...good, good.at(-1)!], ours)).rejects.toThrow('line 7: something follows the end');
    await expect(trusting([...good, good[4]!], ours)).rejects.toThrow(/^line 7.*: something follows the end/);
  });

  it('is refused: one with several events left out, and names the first and the last', async () => {
    const good = await smallBundle();
    await expect(trusting(good.toSpliced(2, 2), ours)).rejects.toThrow('event 1 to 2 of the workspace is missing');
    await expect(trusting(good.toSpliced(2, 1), ours)).rejects.toThrow('event 1 of the workspace is missing');
  });
});

it('an event whose data has numbers as names is read in the order of RFC 8785', async () => {
  const data = { 9: 'nine', 10: 'ten', a: 'letter' };
  expect(await trusting(await smallBundle({ entry: () => ({ data }) }), ours)).toMatchObject(accepted);
});

describe('a checkpoint that was kept', () => {
  const against = async (...checkpoints: readonly string[]) =>
    verifyBundle(await smallBundle(), { keys: [ours.verifierKey], checkpoints });

  it('of another log says nothing about this one', async () => {
    const other = checkpointOf('runledger/other', 2);
    await expect(against(other)).rejects.toThrow('your checkpoint of 2 entries is of another log (runledger/other)');
  });

  it('that nobody trusted has signed is named by its place', async () => {
    const [known, forged] = [checkpointOf(LOG, 2), checkpointOf(LOG, 2, signerOf(66))];
    await expect(against(known, forged)).rejects.toThrow('checkpoint 2 that you gave is not signed by a key');
  });

  it('of a longer log means that entries are gone', async () => {
    await expect(against(checkpointOf(LOG, 5))).rejects.toThrow('the log was cut, or the bundle is older');
  });

  it('of a size that the bundle says nothing about is asked for', async () => {
    expect((await against(checkpointOf(LOG, 3))).unknown).toEqual([expect.stringContaining('ask for it with since=3')]);
  });
});
