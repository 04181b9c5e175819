/**
 * What a fork of a step costs: a workspace of 200 MB (2,000 files of 50 kB and one of 100 MB) of which a step changed 1 MB, half of
 * it within the large file. Measured are the snapshot after that step, and the files brought back into an empty sandbox.
 *
 * Baseline of the same round: `cp -a` of the same workspace.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FileBlobStore } from '@runledger/platform';
import { restoreSnapshot } from '../apps/sandbox/dist/snapshot/restore-snapshot.js';
import { takeSnapshot } from '../apps/sandbox/dist/snapshot/take-snapshot.js';

const FILES = 2_000;
const FILE_BYTES = 50_000;
const LARGE_BYTES = 100_000_000;
const HALF_CHANGED = 500_000;

export async function run({ rounds, log }) {
  const directory = mkdtempSync(join(tmpdir(), 'runledger-bench-fork-'));
  try {
    const results = [];
    const files = sides(directory, 'source');
    fill(files.workspace);
    const blobs = new FileBlobStore(join(directory, 'blobs')).area('snapshots');
    const first = await timed(() => takeSnapshot(files, { blobs, known: undefined }));
    let { known } = first.value;
    for (let round = 0; round < rounds; round += 1) {
      change(files.workspace, round);
      await delay(100);
      const taken = await timed(() => takeSnapshot(files, { blobs, known }));
      ({ known } = taken.value);
      const fork = sides(directory, `fork-${round}`);
      const restored = await timed(() => restoreSnapshot(fork, taken.value.root.sha256, blobs));
      const copied = await timed(() => execFileSync('cp', ['-a', files.workspace, join(fork.home, 'copy')]));
      const same = isSame(files.workspace, fork.workspace);
      rmSync(join(directory, `fork-${round}`), { recursive: true });
      results.push({ taken, restored, copied, same, newBytes: taken.value.newBytes });
      log(`fork: round ${round + 1}: snapshot ${taken.ms.toFixed(0)} ms, restore ${restored.ms.toFixed(0)} ms`);
    }
    return report(results, first);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function report(results, first) {
  const fork = {
    name: 'fork: snapshot of the change and restore',
    unit: 'ms',
    values: results.map(({ taken, restored }) => taken.ms + restored.ms),
    goal: { atMost: 1_000 },
  };
  const copy = { name: 'baseline: cp -a of the workspace', unit: 'ms', values: results.map(({ copied }) => copied.ms) };
  return {
    figures: [
      fork,
      { name: 'part: snapshot of the change', unit: 'ms', values: results.map(({ taken }) => taken.ms) },
      { name: 'part: restore of 200 MB', unit: 'ms', values: results.map(({ restored }) => restored.ms) },
      {
        name: 'stored anew for the change',
        unit: 'MB',
        values: results.map(({ newBytes }) => newBytes / 1e6),
        goal: { atMost: 5 },
      },
      { name: 'first snapshot, all of it new', unit: 'ms', values: [first.ms] },
      copy,
    ],
    ratios: [{ name: 'fork / cp -a', of: fork.name, to: copy.name }],
    checks: [{ name: 'the fork has the same files', met: results.every(({ same }) => same) }],
  };
}

function sides(directory, name) {
  const files = { workspace: join(directory, name, 'workspace'), home: join(directory, name, 'home'), uid: undefined };
  for (const path of [files.workspace, files.home]) mkdirSync(path, { recursive: true });
  return files;
}

function fill(workspace) {
  for (let n = 0; n < FILES; n += 1) {
    const folder = join(workspace, `folder-${n % 50}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${n}`), randomBytes(FILE_BYTES));
  }
  writeFileSync(join(workspace, 'large.db'), randomBytes(LARGE_BYTES));
}

function change(workspace, round) {
  const fd = openSync(join(workspace, 'large.db'), 'r+');
  writeSync(fd, randomBytes(HALF_CHANGED), 0, HALF_CHANGED, (round + 1) * 7_000_000);
  closeSync(fd);
  for (let n = 0; n < HALF_CHANGED / FILE_BYTES; n += 1) {
    writeFileSync(join(workspace, `folder-${n % 50}`, `file-${n}`), randomBytes(FILE_BYTES));
  }
}

function isSame(one, other) {
  try {
    execFileSync('diff', ['-r', one, other], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function timed(work) {
  const from = performance.now();
  const value = await work();
  return { ms: performance.now() - from, value };
}
