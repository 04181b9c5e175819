import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileProject } from '@runledger/testing';
import { UidSlots } from './uid-slots.js';

const PROCESSES = 4;
const ROUNDS = 60;
const COMPILED = new URL('../../dist/driver/uid-slots.js', import.meta.url).href;

/**
 * Makes a sandbox directory, takes a uid for it, and takes the directory away again, more often than not without giving the uid back.
 * Prints how often somebody else had the uid that it was given: whoever has one holds a file that can be made only once.
 */
const program = (base: string) => `
  const { closeSync, mkdirSync, openSync, rmSync } = await import('node:fs');
  const { UidSlots } = await import(${JSON.stringify(COMPILED)});
  const slots = new UidSlots(${JSON.stringify(join(base, 'slots'))}, { first: 300_000, count: 2 });
  let [given, shared] = [0, 0];
  for (let round = 0; round < ${ROUNDS}; round += 1) {
    const sandbox = ${JSON.stringify(base)} + '/' + process.pid + '-' + round;
    let uid;
    mkdirSync(sandbox);
    try {
      uid = await slots.take(sandbox);
      given += 1;
      const held = ${JSON.stringify(base)} + '/held-' + uid;
      closeSync(openSync(held, 'wx'));
      rmSync(held);
    } catch (error) {
      if (error.code === 'EEXIST') shared += 1;
      else if (error.code !== 'SANDBOX_UNAVAILABLE') throw error;
    }
    rmSync(sandbox, { recursive: true });
    if (uid !== undefined && round % 3 === 0) slots.free(uid, sandbox);
    if (round % 10 === 0) slots.sweep();
  }
  process.stdout.write(JSON.stringify({ given, shared }));`;

describe('uids of sandboxes for which many processes ask at once', () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-uids-'));
  beforeAll(() => compileProject('apps/sandbox'));
  afterAll(() => rmSync(base, { recursive: true }));

  it('are given to one sandbox at a time, whichever of those that are gone they were left by (S1)', async () => {
    const each = async (): Promise<{ given: number; shared: number }> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(base)]);
      return JSON.parse(stdout) as { given: number; shared: number };
    };
    const told = await Promise.all(Array.from({ length: PROCESSES }, each));
    expect(told.reduce((sum, { shared }) => sum + shared, 0)).toBe(0);
    expect(told.every(({ given }) => given > 0)).toBe(true);
    new UidSlots(join(base, 'slots'), { first: 300_000, count: 2 }).sweep();
    expect(readdirSync(join(base, 'slots'))).toEqual([]);
  });
});
