import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, ownIdentity } from './process-identity.js';
import type { ProcessIdentity } from './process-identity.js';
import { makeFolder } from '../home/make-folder.js';

export interface TicketLock {
  release(): Promise<void>;
}

interface Entry {
  readonly name: string;
  readonly number: number;
  readonly holder: ProcessIdentity;
}

/** What an attempt to lock gives: the lock, or who holds it when the time is up. */
export type LockOutcome = TicketLock | ProcessIdentity;

/**
 * Mutual exclusion between processes by files in one folder: Lamport's bakery. Everybody draws a number, the lowest one
 * alive goes first. An entry's name holds its owner's identity, so the entries of dead processes are simply not counted:
 * no lock has to be broken, and a killed holder never blocks anybody.
 *
 * 1. A number is higher than that of everybody who had drawn before the drawing began.
 * 2. Whoever is drawing is waited for, so nobody with a lower number appears later.
 */
export async function acquireTicketLock(folder: string, timeoutMs: number): Promise<LockOutcome> {
  const mine = await draw(folder);
  const leave = () => rm(join(folder, mine), { force: true });
  try {
    const holder = await waitForTurn(folder, mine, Date.now() + timeoutMs);
    if (!holder) return { release: leave };
    await leave();
    return holder;
  } catch (error) {
    await leave();
    throw error;
  }
}

async function waitForTurn(folder: string, mine: string, deadline: number): Promise<ProcessIdentity | undefined> {
  for (;;) {
    // Twice, because one reading of a folder may miss both names of an entry that changes from drawing to drawn meanwhile.
    const ahead = (await firstAhead(folder, mine)) ?? (await firstAhead(folder, mine));
    if (!ahead) return undefined;
    if (ahead.number > 0 && Date.now() >= deadline) return ahead.holder;
    await delay(10);
  }
}

export function isLock(outcome: LockOutcome): outcome is TicketLock {
  return 'release' in outcome;
}

async function draw(folder: string): Promise<string> {
  await makeFolder(folder);
  const { pid, since } = ownIdentity();
  const owner = `${pid}.${since}.${randomBytes(4).toString('hex')}`;
  const drawing = nameOf(0, owner);
  await writeFile(join(folder, drawing), '', { flag: 'wx' });
  try {
    const entries = await living(folder);
    const name = nameOf(1 + Math.max(...entries.map(entry => entry.number)), owner);
    await writeFile(join(folder, name), '', { flag: 'wx' });
    return name;
  } finally {
    await rm(join(folder, drawing), { force: true });
  }
}

/** Name order is queue order: whoever is still drawing comes first (rule 2). */
async function firstAhead(folder: string, mine: string): Promise<Entry | undefined> {
  const entries = (await living(folder)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.find(entry => entry.name < mine);
}

async function living(folder: string): Promise<Entry[]> {
  const entries = (await readdir(folder)).map(parse).filter(entry => entry !== undefined);
  const dead = entries.filter(entry => !isAlive(entry.holder));
  await Promise.all(dead.map(entry => rm(join(folder, entry.name), { force: true })));
  return entries.filter(entry => !dead.includes(entry));
}

function nameOf(number: number, owner: string): string {
  return `${String(number).padStart(8, '0')}@${owner}`;
}

function parse(name: string): Entry | undefined {
  const match = /^(\d{8})@(\d+)\.(.+)\.[0-9a-f]{8}$/.exec(name);
  if (!match) return undefined;
  const [, number, pid, since = ''] = match;
  return { name, number: Number(number), holder: { pid: Number(pid), since } };
}
