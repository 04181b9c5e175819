import { execFileSync } from 'node:child_process';
import type { AttemptEvent, ScriptedTurn } from '@runledger/contracts';
import { compileProject, eventually } from '@runledger/testing';
import { living, markOf, testProfile } from '../driver/sandbox.fixture.js';
import { ForkServer } from '../forking/fork-server.js';
import { Ground, newRunId } from './ground.fixture.js';
import type { ReadyStep } from './attempt-place.js';

const MARK = markOf(4721);

describe('a call whose watchers are killed', () => {
  let ground: Ground;
  beforeAll(async () => {
    compileProject('apps/sandbox');
    ground = await Ground.make();
    ground.forks = new ForkServer();
    await ground.publishProfile(testProfile());
  });
  afterAll(() => ground.giveBack());

  /** Begins `times` times with a sleep that only a kill ends, and then goes through. */
  const script = (times: number) =>
    `echo begun >> log; echo said; [ "$(wc -l < log)" -gt ${times} ] || sleep ${MARK}; echo "begun $(wc -l < log) times"`;
  const dataOf = async <Type extends AttemptEvent['type']>(ready: ReadyStep, type: Type) =>
    (await ground.transcript(ready)).flatMap(event =>
      event.type === type ? [event.data as Extract<AttemptEvent, { type: Type }>['data']] : [],
    );
  const serverOf = (pid: number): number => {
    const words = execFileSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const [, parent] = /^(\d+)/.exec(words) ?? [];
    return words.includes('fork-server-process') ? pid : serverOf(Number(parent));
  };
  const supervisorsOf = () => living(MARK).filter(pid => living('runledger-call').includes(pid));
  const sleeping = () => eventually(() => living(`sleep\0${MARK}`)[0] ?? false);
  const killServer = async () => {
    const sleeper = (await sleeping()) as number;
    process.kill(serverOf(sleeper), 'SIGKILL');
    await eventually(() => !living(MARK).includes(sleeper));
  };
  const killSupervisor = async () => {
    const sleeper = await sleeping();
    for (const pid of supervisorsOf()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        // The death of one before it may have ended it.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
    await eventually(() => !living(MARK).includes(sleeper as number));
  };

  it.each([
    ['the process that started it', killServer],
    ['its supervisor', killSupervisor],
  ])('begins again in the same sandbox, and is told once: %s (R2)', async (_who, kill) => {
    const service = await ground.wiredService();
    const ready = await ground.ready({ runId: newRunId(), command: { run: script(1) } });
    await kill();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS', summary: 'begun 2 times' });
    await service.stop();
    const [ended] = await dataOf(ready, 'ToolCallEnded');
    expect(ended).toMatchObject({ state: 'ok', output: 'said\nbegun 2 times\n' });
    const shown = (await dataOf(ready, 'ToolOutput')).map(({ text }) => text).join('');
    expect(shown).toBe('said\nbegun 2 times\n');
  });

  it('is made again when an agent makes it, and the agent goes on', async () => {
    const service = await ground.wiredService();
    const bash = (command: string): ScriptedTurn => ({ tools: [{ name: 'bash', arguments: { command } }] });
    const turns = [bash('echo once >> first'), bash(script(1)), bash('cat first log'), { text: 'Done.' }];
    const agent = { provider: 'scripted', model: 'm', prompt: 'Do it.', script: turns } as const;
    const ready = await ground.ready({ runId: newRunId(), agent });
    await killServer();
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    await service.stop();
    const outputs = (await dataOf(ready, 'ToolCallEnded')).map(({ output }) => output);
    expect(outputs).toEqual(['', 'said\nbegun 2 times\n', 'once\nbegun\nbegun\n']);
  });

  it('is given up when they are killed each time, and its transcript says how', async () => {
    const service = await ground.wiredService();
    const ready = await ground.ready({ runId: newRunId(), command: { run: script(9) } });
    for (let n = 0; n < 3; n += 1) await killSupervisor();
    const error = { code: 'CALL_CUT_OFF', message: expect.stringContaining('was cut off in its sandbox') };
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', error });
    await service.stop();
    expect(await dataOf(ready, 'ToolCallEnded')).toMatchObject([{ state: 'error', error }]);
    expect(living(MARK)).toEqual([]);
  });
});
