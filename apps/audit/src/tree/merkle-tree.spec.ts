import { randomBytes } from 'node:crypto';
import { leafHash as verifiersLeafHash, provesConsistency, provesInclusion } from '../verifier/verify.mjs';
import { leafHash, meetingLevel, nodeHash } from './merkle-tree.js';
import { treeOver } from './memory-tree.fixture.js';

/** The reference data of Certificate Transparency: eight leaves, and the roots of the first one to eight. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = LEAVES.map(hex => leafHash(Buffer.from(hex, 'hex')));
const hexOf = (hashes: readonly Uint8Array[]) => hashes.map(hash => Buffer.from(hash).toString('hex'));
const base64Of = (hashes: readonly Uint8Array[]) => hashes.map(hash => Buffer.from(hash).toString('base64'));

/** How many good proofs are checked; each is then corrupted in several ways. AUDIT_PROOFS=40000 for the full count. */
const GOOD = Number(process.env['AUDIT_PROOFS'] ?? 1_000);

describe('the tree over the log', () => {
  it('has the roots that Certificate Transparency publishes', async () => {
    for (const [at, root] of ROOTS.entries()) {
      expect(hexOf([await treeOver(leaves, at + 1).root()])).toEqual([root]);
    }
    expect(hexOf([await treeOver([], 0).root()])).toEqual([
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ]);
    expect(verifiersLeafHash('')).toEqual(leaves[0]);
  });

  it('has the proofs of inclusion that Certificate Transparency publishes', async () => {
    expect(hexOf(await treeOver(leaves, 8).inclusion(0))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(hexOf(await treeOver(leaves, 8).inclusion(5))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hexOf(await treeOver(leaves, 3).inclusion(2))).toEqual([
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    ]);
  });

  it('has the proofs of consistency that Certificate Transparency publishes', async () => {
    expect(await treeOver(leaves, 1).consistency(1)).toEqual([]);
    expect(hexOf(await treeOver(leaves, 8).consistency(6))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hexOf(await treeOver(leaves, 5).consistency(2))).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
    expect(await treeOver(leaves, 8).consistency(0)).toEqual([]);
  });

  it('proves nothing of a leaf or a tree that it does not have', async () => {
    await expect(treeOver(leaves, 7).inclusion(7)).rejects.toThrow('A tree of 7 leaves has no leaf 7.');
    await expect(treeOver(leaves, 7).consistency(8)).rejects.toThrow('A tree of 7 leaves does not continue one of 8.');
  });

  it('hashes a text as its bytes', () => {
    expect(leafHash('é€')).toEqual(leafHash(Buffer.from('é€')));
  });

  it('leads from a leaf to a node that an earlier proof has shown, whichever leaf that was of', async () => {
    const tree = treeOver(leaves, 8);
    for (const [leaf, own] of leaves.entries()) {
      for (let earlier = 0; earlier < leaf; earlier += 1) {
        const level = meetingLevel(earlier, leaf);
        const below = await tree.inclusion(leaf, level);
        expect(below).toEqual((await tree.inclusion(leaf)).slice(0, level));
        const met = below.reduce<Uint8Array>(
          (node, beside, at) =>
            Math.floor(leaf / 2 ** at) % 2 === 0 ? nodeHash(node, beside) : nodeHash(beside, node),
          own,
        );
        expect(hexOf([met])).toEqual(hexOf([(await tree.inclusion(earlier))[level]!]));
      }
    }
  });
});

describe('the verifier', () => {
  const most = 1_500;
  const many = Array.from({ length: most }, () => randomBytes(32));
  const chance = (below: number) => Math.floor(Math.random() * below);

  it('accepts every good proof, and refuses each that was corrupted', async () => {
    const counts = { good: 0, accepted: 0, corrupted: 0, refused: 0 };
    while (counts.good < GOOD) {
      const size = 1 + chance(most);
      const tree = treeOver(many, size);
      const root = Buffer.from(await tree.root());
      const leaf = chance(size);
      const inclusion = { leaf, size, hash: many[leaf]!, root, proof: base64Of(await tree.inclusion(leaf)) };
      const from = 1 + chance(size);
      const consistency = {
        ...{ from, to: size, rootFrom: Buffer.from(await treeOver(many, from).root()), rootTo: root },
        proof: base64Of(await tree.consistency(from)),
      };
      counts.good += 2;
      counts.accepted += Number(provesInclusion(inclusion)) + Number(provesConsistency(consistency));
      for (const forged of corruptedInclusions(inclusion)) {
        counts.corrupted += 1;
        counts.refused += Number(!provesInclusion(forged));
      }
      for (const forged of corruptedConsistencies(consistency)) {
        counts.corrupted += 1;
        counts.refused += Number(!provesConsistency(forged));
      }
    }
    expect(counts).toMatchObject({ accepted: counts.good, refused: counts.corrupted });
    expect(counts.corrupted).toBeGreaterThanOrEqual(GOOD * 2.5);
  });

  it('accepts the proof of every leaf and of every beginning of a small tree', async () => {
    const roots = await Promise.all(leaves.map(async (_, at) => Buffer.from(await treeOver(leaves, at + 1).root())));
    for (const [at, root] of roots.entries()) {
      const size = at + 1;
      const tree = treeOver(leaves, size);
      for (const [leaf, hash] of leaves.slice(0, size).entries()) {
        expect(provesInclusion({ leaf, size, hash, root, proof: base64Of(await tree.inclusion(leaf)) })).toBe(true);
        const beginning = { from: leaf + 1, to: size, rootFrom: roots[leaf]!, rootTo: root };
        expect(provesConsistency({ ...beginning, proof: base64Of(await tree.consistency(leaf + 1)) })).toBe(true);
      }
    }
  });

  it('takes a number before the first leaf for none, although its way up looks like that of the last', async () => {
    const tree = treeOver(leaves, 8);
    const root = Buffer.from(await tree.root());
    const last = { leaf: 7, size: 8, hash: leaves[7]!, root, proof: base64Of(await tree.inclusion(7)) };
    expect([7, -1, 7.5, 8].map(leaf => provesInclusion({ ...last, leaf }))).toEqual([true, false, false, false]);
  });

  it('takes no tree for the continuation of a larger one, or of another one of its size', async () => {
    const roots = await Promise.all([4, 6, 8].map(async size => Buffer.from(await treeOver(leaves, size).root())));
    const [rootOf4, rootOf6, rootOf8] = roots as [Buffer, Buffer, Buffer];
    const proof = base64Of(await treeOver(leaves, 8).consistency(6));
    const good = { from: 6, to: 8, rootFrom: rootOf6, rootTo: rootOf8, proof };
    const same = { from: 8, to: 8, rootFrom: rootOf8, rootTo: rootOf8, proof: [] };
    const nothing = { from: 0, to: 8, rootFrom: rootOf6, rootTo: rootOf8, proof: [] };
    expect([good, same, nothing].map(provesConsistency)).toEqual([true, true, true]);
    const bad = [
      { ...same, rootFrom: rootOf6 },
      { ...same, proof },
      { ...nothing, proof },
      { ...good, from: 8, to: 6, rootFrom: rootOf8, rootTo: rootOf6 },
      { ...good, proof: [] },
      { ...good, proof: proof.map(hash => hash.slice(4)) },
      // That a log has grown is not shown by the root that it had before.
      { from: 4, to: 8, rootFrom: rootOf4, rootTo: rootOf4, proof: [] },
    ];
    expect(bad.map(provesConsistency)).toEqual(bad.map(() => false));
  });

  function corruptedInclusions(good: Parameters<typeof provesInclusion>[0]) {
    const { leaf, size, proof } = good;
    return [
      { ...good, hash: flipped(good.hash) },
      { ...good, root: flipped(good.root) },
      { ...good, proof: [...proof, randomBytes(32).toString('base64')] },
      { ...good, leaf: size + chance(5) },
      ...proof
        .flatMap((hash, at) => [
          { ...good, proof: proof.toSpliced(at, 1) },
          { ...good, proof: proof.with(at, flipped(Buffer.from(hash, 'base64')).toString('base64')) },
        ])
        .slice(0, 4),
      ...(size > 1 ? [{ ...good, leaf: (leaf + 1) % size }] : []),
    ];
  }

  function corruptedConsistencies(good: Parameters<typeof provesConsistency>[0]) {
    const { proof } = good;
    return [
      { ...good, rootFrom: flipped(good.rootFrom) },
      { ...good, rootTo: flipped(good.rootTo) },
      { ...good, proof: [...proof, randomBytes(32).toString('base64')] },
      { ...good, from: good.to + 1 },
      ...proof
        .flatMap((hash, at) => [
          { ...good, proof: proof.toSpliced(at, 1) },
          { ...good, proof: proof.with(at, flipped(Buffer.from(hash, 'base64')).toString('base64')) },
        ])
        .slice(0, 4),
    ];
  }

  function flipped(hash: Buffer): Buffer {
    const at = chance(hash.length);
    const other = Buffer.from(hash);
    other[at] = hash[at]! ^ (1 << chance(8));
    return other;
  }
});
