import { eventually } from '@runledger/testing';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSandboxConfig } from '../sandbox.config.js';
import type { AgentsConfig } from '../sandbox.config.js';
import type { ReadyStep } from './attempt-place.js';
import { CountedCalls, expectWholeTranscript, UNTIL_TOLD } from './counted-calls.fixture.js';
import type { Ground } from './ground.fixture.js';

const isRoot = process.getuid?.() === 0;
const described = isRoot ? describe : describe.skip;

/** A disk of 16 MB where a service keeps everything of its sandboxes. */
class SmallDisk {
  constructor(private readonly path: string) {
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0755', 'none', path]);
  }

  fill(): void {
    try {
      writeFileSync(join(this.path, 'ballast'), Buffer.alloc(17 * 1_048_576));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  makeRoom(): void {
    rmSync(join(this.path, 'ballast'));
  }

  giveBack(): void {
    execFileSync('umount', ['-l', this.path]);
  }
}

described(`a step that meets a full disk${isRoot ? '' : ' (needs root)'}`, () => {
  let calls: CountedCalls;
  let ground: Ground;
  let disk: SmallDisk;
  beforeAll(async () => {
    calls = await CountedCalls.make();
    ground = calls.ground;
    disk = new SmallDisk(join(ground.directory, 'home'));
  });
  afterAll(async () => {
    disk.giveBack();
    await ground.giveBack();
  });

  const begin = () =>
    calls.begin(count => ({
      agent: {
        provider: 'scripted',
        model: 'm',
        prompt: 'Count.',
        script: [
          { text: 'I count.', tools: [{ name: 'bash', arguments: { command: `${count('one')}; ${UNTIL_TOLD}` } }] },
          { text: 'On.', tools: [{ name: 'bash', arguments: { command: count('two') } }] },
          { text: 'Done.' },
        ],
      },
    }));
  const takenUpAgain = (ready: ReadyStep) =>
    eventually(async () => (await ground.transcript(ready)).some(({ type }) => type === 'AttemptResumed'), 20_000);

  it.each(['service', 'runner'] as const)(
    'goes on where it was, once there is room (its loop in the %s)',
    async place => {
      const agents = { ...readSandboxConfig({}).agents, place } satisfies AgentsConfig;
      const service = await ground.wiredService({ agents });
      calls.untell();
      const ready = await begin();
      await eventually(() => Promise.resolve(calls.counts(ready)['one'] === 1), 20_000);
      disk.fill();
      calls.tell();
      await takenUpAgain(ready);
      disk.makeRoom();
      expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 3 });
      expect(calls.counts(ready)).toEqual({ one: 1, two: 1 });
      expectWholeTranscript(await ground.transcript(ready));
      await service.stop();
    },
  );

  it('begins once there is room', async () => {
    const service = await ground.wiredService();
    calls.tell();
    disk.fill();
    const ready = await begin();
    await takenUpAgain(ready);
    disk.makeRoom();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', turns: 3 });
    await service.stop();
  });
});
