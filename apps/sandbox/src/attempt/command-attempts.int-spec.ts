import { ToolOutput } from '@runledger/contracts';
import { eventually } from '@runledger/testing';
import { existsSync, readdirSync } from 'node:fs';
import { SandboxGround, testProfile } from '../driver/sandbox.fixture.js';
import { runCommandStep } from './command-step.js';
import { Ground, newRunId } from './ground.fixture.js';
import type { StepRun } from './step-run.js';

const work = (run: StepRun) => runCommandStep(run, run.attempt.ready.command!);

/** For so long output is held back to be written together. */
const COALESCED_MS = 100;

describe('a command step', () => {
  let ground: Ground;
  let sandboxes: SandboxGround;

  beforeAll(async () => {
    ground = await Ground.make();
    sandboxes = new SandboxGround();
    await ground.service({ work, drivers: [sandboxes.driver] }, {}, testProfile());
  });
  afterAll(async () => {
    await ground.giveBack();
    await sandboxes.giveBack();
  });

  const run = (script: string, more: object = {}) =>
    ground.ready({ runId: newRunId(), command: { run: script }, ...more });
  const ended = async (script: string, more: object = {}) => ground.end(await run(script, more));

  it('succeeds with the last line that it printed as its summary', async () => {
    // One write: a shell that is kept from the processor between two would be heard in two pieces.
    const ready = await run(String.raw`printf 'building\n42 tests passed\n\n'`);
    expect(await ground.end(ready)).toMatchObject({
      outcome: 'SUCCESS',
      cancelled: false,
      summary: '42 tests passed',
      exitCode: 0,
    });
    const types = (await ground.transcript(ready)).map(event => event.type);
    expect(types).toEqual([
      'AttemptStarted',
      'ToolCallStarted',
      'ToolOutput',
      'ToolCallEnded',
      'UsageRecorded',
      'AttemptEnded',
    ]);
  });

  it('fails with its exit code and what it said on stderr', async () => {
    expect(await ended('echo "no such branch" >&2; exit 3')).toMatchObject({
      outcome: 'ERROR',
      exitCode: 3,
      error: { code: 'COMMAND_FAILED', message: 'Exit code 3: no such branch' },
    });
  });

  it('stops at the first command that fails', async () => {
    const ready = await run('echo before\nfalse | true\necho after');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', exitCode: 1 });
    const outputs = (await ground.transcript(ready)).filter(event => event.type === 'ToolOutput');
    expect(outputs.map(({ data }) => data.text)).toEqual(['before\n']);
  });

  it('gives the JSON that the script wrote to $RUNLEDGER_OUTPUT as its output', async () => {
    const result = await ended(`echo '{"version": "1.2.3", "files": [1, 2]}' > "$RUNLEDGER_OUTPUT"`);
    expect(result).toMatchObject({ outcome: 'SUCCESS', output: { version: '1.2.3', files: [1, 2] } });
  });

  it('is partial when that file is not JSON', async () => {
    const result = await ended('echo "{oops" > "$RUNLEDGER_OUTPUT"; echo done');
    expect(result).toMatchObject({ outcome: 'PARTIAL', summary: 'done', error: { code: 'OUTPUT_INVALID' } });
  });

  it('is partial when what it wrote is nested without end', async () => {
    const result = await ended(
      `printf '%0300d' 0 | tr 0 '[' > "$RUNLEDGER_OUTPUT"; printf '%0300d' 0 | tr 0 ']' >> "$RUNLEDGER_OUTPUT"`,
    );
    expect(result).toMatchObject({
      outcome: 'PARTIAL',
      error: { code: 'OUTPUT_INVALID', message: expect.stringContaining('it is nested more than 200 levels deep') },
    });
    expect(result.output).toBeUndefined();
  });

  it('keeps to what its flow declares of the output: none is partial, one that does not fit is an error', async () => {
    const output = { schema: { type: 'object', required: ['version'] }, passes: 2 };
    const write = (text: string) => ended(`echo '${text}' > "$RUNLEDGER_OUTPUT"`, { output });
    expect(await write('{"version":1}')).toMatchObject({ outcome: 'SUCCESS', output: { version: 1 } });
    expect(await ended('true', { output })).toMatchObject({ outcome: 'PARTIAL', error: { code: 'OUTPUT_MISSING' } });
    for (const unfit of ['{}', 'oops']) {
      expect(await write(unfit)).toMatchObject({ outcome: 'ERROR', error: { code: 'OUTPUT_INVALID' } });
    }
  });

  it('does not follow a link out of the sandbox for its output', async () => {
    const result = await ended(`ln -s ${ground.directory}/secret.json "$RUNLEDGER_OUTPUT"`);
    expect(result.output).toBeUndefined();
  });

  it('is stopped at its time-out', async () => {
    const result = await ended('echo begun; sleep 60', { timeoutMs: 700 });
    expect(result).toMatchObject({ outcome: 'ERROR', cancelled: false, error: { code: 'TIMEOUT' } });
    expect(result.elapsedMs).toBeLessThan(30_000);
  });

  it('is stopped when it writes more than its profile allows', async () => {
    expect(await ended('yes')).toMatchObject({ outcome: 'ERROR', error: { code: 'OUTPUT_LIMIT' } });
  });

  it('keeps a long output whole in the blob store, with head and tail in the log', async () => {
    const ready = await run('seq 1 40000');
    await ground.end(ready);
    const call = (await ground.transcript(ready)).find(event => event.type === 'ToolCallEnded');
    const { output, outputBlob } = call!.data;
    const whole = await text(await ground.blobs.get(outputBlob!.sha256));
    expect(whole.trimEnd().split('\n')).toEqual(Array.from({ length: 40_000 }, (_, index) => String(index + 1)));
    expect(output.length).toBeLessThan(70_000);
    expect(output.startsWith('1\n2\n')).toBe(true);
    expect(output.endsWith('39999\n40000\n')).toBe(true);
  });

  it('shows every character that it printed once, in order', async () => {
    const ready = await run('for i in $(seq 1 30); do echo "line $i äöü"; sleep 0.02; done; echo lost >&2');
    const { elapsedMs } = await ground.end(ready);
    const outputs = (await ground.transcript(ready)).filter(event => event.type === 'ToolOutput');
    const stdout = outputs.filter(({ data }) => data.channel === 'stdout').map(({ data }) => data.text);
    expect(stdout.join('')).toBe(Array.from({ length: 30 }, (_, index) => `line ${index + 1} äöü\n`).join(''));
    expect(stdout.length).toBeGreaterThan(1);
    expect(stdout.length).toBeLessThan(elapsedMs / COALESCED_MS + 2); // however slow the machine is
    expect(outputs.at(-1)).toMatchObject(ToolOutput({ ...outputs.at(-1)!.data, channel: 'stderr', text: 'lost\n' }));
  });

  it('may tidy up when its run is cancelled gracefully', async () => {
    const runId = newRunId();
    const ready = await ground.ready({
      runId,
      command: { run: 'trap "echo bye; exit 0" TERM; echo up; sleep 60 & wait' },
    });
    await eventually(async () => JSON.stringify(await ground.transcript(ready)).includes('up'));
    await ground.cancel(runId, 'GRACEFUL');
    expect(await ground.end(ready)).toMatchObject({ outcome: 'ERROR', cancelled: true, error: { code: 'CANCELLED' } });
    expect(JSON.stringify(await ground.transcript(ready))).toContain('bye');
  });

  it('is killed at once when its run is cancelled by force', async () => {
    const runId = newRunId();
    const ready = await ground.ready({
      runId,
      command: { run: 'trap "echo bye" TERM; echo up; sleep 60 & wait; sleep 60' },
    });
    await eventually(async () => JSON.stringify(await ground.transcript(ready)).includes('up\\n'));
    await ground.cancel(runId, 'FORCE');
    expect(await ground.end(ready)).toMatchObject({ cancelled: true });
    const outputs = (await ground.transcript(ready)).filter(event => event.type === 'ToolOutput');
    expect(outputs.map(({ data }) => data.text)).toEqual(['up\n']);
  });

  it('releases the sandbox when the run has ended', async () => {
    const ready = await run('echo hello > kept.txt');
    await ground.end(ready);
    expect(existsSync(`${sandboxes.homeDir}/${ready.runId}`)).toBe(true);
    await ground.completed(ready.runId);
    await eventually(() => !existsSync(`${sandboxes.homeDir}/${ready.runId}`));
  });

  it('leaves nothing in the table of open work', async () => {
    await eventually(async () => {
      const { rows } = await ground.pool.query('SELECT * FROM sandbox.open_attempts');
      return rows.length === 0;
    });
    expect(readdirSync(sandboxes.homeDir)).not.toHaveLength(0);
  });
});

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
