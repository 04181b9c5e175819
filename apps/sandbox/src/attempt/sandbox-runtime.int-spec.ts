import type { AttemptEvent } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { systemClock } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { living, markOf, testProfile } from '../driver/sandbox.fixture.js';
import { attempt } from './attempt.decider.js';
import { attemptStream, placeOf } from './attempt-place.js';
import { Ground, newRunId } from './ground.fixture.js';

const MARK = markOf(4762);

type Of<Type extends AttemptEvent['type']> = Extract<AttemptEvent, { type: Type }>['data'];
const of = <Type extends AttemptEvent['type']>(events: readonly AttemptEvent[], type: Type): Of<Type>[] =>
  events.filter(event => event.type === type).map(event => event.data) as Of<Type>[];

describe('the sandbox service', () => {
  let ground: Ground;

  beforeAll(async () => {
    ground = await Ground.make();
    const repository = `${ground.directory}/repository`;
    const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
    git('init', '-q', '-b', 'main', repository);
    git('-C', repository, 'commit', '-q', '--allow-empty', '-m', 'first');
    execFileSync('chmod', ['-R', 'a+rX', ground.directory]);
    await ground.publishProfile(testProfile());
    await ground.publishProfile(testProfile({ slug: 'trusted', isolation: 'none' }));
    await ground.publishProfile(
      testProfile({
        slug: 'cloned',
        mounts: [{ source: repository, target: '/source', mode: 'ro' }],
        repositories: [{ url: '/source', path: 'code' }],
      }),
    );
    await ground.wiredService({}, { maxAttempts: 2 });
  });
  afterAll(() => ground.giveBack());

  const command = (run: string) => ({ runId: newRunId(), command: { run } });

  it('keeps the files that a step declared, and nothing else', async () => {
    const ready = await ground.ready({
      ...command('mkdir -p dist && echo "{}" > dist/a.json && echo no > b.txt && ln -s /etc/passwd dist/link.json'),
      artifacts: ['dist/**/*.json'],
    });
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    const kept = of(await ground.transcript(ready), 'ArtifactStored');
    expect(kept.map(({ path, mediaType }) => [path, mediaType])).toEqual([['dist/a.json', 'application/json']]);
    expect(await text(await ground.blobs.area('artifacts').get(kept[0]!.blob.sha256))).toBe('{}\n');
  });

  it('says when nothing matches the declared artifacts', async () => {
    const ready = await ground.ready({ ...command('true'), artifacts: ['nothing/*'] });
    await ground.end(ready);
    expect(of(await ground.transcript(ready), 'InfoRecorded')[0]!.text).toContain('nothing/*');
  });

  it('is blocked by a profile that nobody published, and says which', async () => {
    const ended = await ground.end(await ground.ready({ ...command('true'), profile: 'unheard-of' }));
    expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'PROFILE_NOT_FOUND' } });
    expect(ended.error?.message).toContain('unheard-of');
  });

  it('is blocked by a profile without isolation where the operator does not allow it', async () => {
    const ended = await ground.end(await ground.ready({ ...command('true'), profile: 'trusted' }));
    expect(ended).toMatchObject({ outcome: 'BLOCKED', error: { code: 'ISOLATION_NOT_ALLOWED' } });
  });

  it('is blocked by a provider that is not connected, and says what to set', async () => {
    const agent = { provider: 'anthropic', model: 'm', prompt: 'p' } as const;
    const ended = await ground.end(await ground.ready({ runId: newRunId(), agent }));
    const fix = 'Connect an integration of kind anthropic, or let the operator set ANTHROPIC_API_KEY.';
    const error = { code: 'PROVIDER_NOT_CONNECTED', fix };
    expect(ended).toMatchObject({ outcome: 'BLOCKED', error });
  });

  it('clones the repositories of the profile once for all steps of a run', async () => {
    const runId = newRunId();
    const step = (key: string) =>
      ground.ready({ runId, step: key, profile: 'cloned', command: { run: 'git -C code log --format=%s' } });
    const [one, two] = [await step('one'), await step('two')];
    expect(await ground.end(one)).toMatchObject({ outcome: 'SUCCESS', summary: 'first' });
    expect(await ground.end(two)).toMatchObject({ outcome: 'SUCCESS', summary: 'first' });
    const notes = [...(await ground.transcript(one)), ...(await ground.transcript(two))];
    expect(of(notes, 'SetupRecorded').map(({ text }) => text)).toEqual([expect.stringContaining('Cloned /source at')]);
  });

  it('shares the workspace between the steps of a run, and nothing between runs', async () => {
    const runId = newRunId();
    await ground.end(await ground.ready({ runId, step: 'one', command: { run: 'echo kept > file' } }));
    const second = await ground.end(await ground.ready({ runId, step: 'two', command: { run: 'cat file' } }));
    expect(second).toMatchObject({ summary: 'kept' });
    expect(await ground.end(await ground.ready(command('ls file')))).toMatchObject({ outcome: 'ERROR' });
  });

  it('executes no more steps at a time than it is told, and leaves none waiting', async () => {
    const steps = await Promise.all(Array.from({ length: 7 }, () => ground.ready(command('sleep 0.2'))));
    await Promise.all(steps.map(ready => ground.end(ready)));
    const changes = (await Promise.all(steps.map(ready => ground.transcript(ready)))).flatMap(events => [
      { at: of(events, 'AttemptStarted')[0]!.startedAt, by: 1 },
      { at: of(events, 'AttemptEnded')[0]!.endedAt, by: -1 },
    ]);
    changes.sort((a, b) => (a.at === b.at ? a.by - b.by : a.at < b.at ? -1 : 1));
    let executing = 0;
    const most = changes.map(({ by }) => (executing += by));
    expect(Math.max(...most)).toBe(2);
  });

  it('answers steps that still wait when their run is cancelled, without running them', async () => {
    const busy = await Promise.all([1, 2].map(() => ground.ready(command('sleep 30'))));
    await eventually(async () => (await ground.transcript(busy[1]!)).length > 0);
    const waiting = await ground.ready(command('echo ran'));
    await ground.cancel(waiting.runId, 'GRACEFUL');
    expect(await ground.end(waiting)).toMatchObject({ outcome: 'ERROR', cancelled: true, elapsedMs: 0 });
    const types = (await ground.transcript(waiting)).map(({ type }) => type);
    expect(types).toEqual(['AttemptStarted', 'AttemptEnded']);
    await Promise.all(busy.map(({ runId }) => ground.cancel(runId, 'FORCE')));
    for (const ready of busy) expect(await ground.end(ready)).toMatchObject({ cancelled: true });
  });

  it('stops at once when another worker has taken the attempt over, and records nothing more (R3)', async () => {
    const ready = await ground.ready(command(`while true; do echo tick; sleep 0.05; done # ${MARK}`));
    await eventually(async () => of(await ground.transcript(ready), 'ToolOutput').length > 1);
    const place = placeOf(ready);
    await ground.pool.query(`INSERT INTO sandbox.workers VALUES ('another', $1, clock_timestamp() + '1 hour')`, [
      newUuid(),
    ]);
    await ground.pool.query(`UPDATE sandbox.open_runs SET worker = 'another' WHERE run_id = $1`, [ready.runId]);
    const taken = await ground.commands.handle(
      attempt,
      attemptStream(place),
      {
        type: 'ResumeAttempt',
        seenEpoch: 1,
        data: { ...place, worker: 'another', reason: 'spec', cause: 'WORKER_GONE', resumedAt: systemClock.now() },
      },
      {
        commandId: newUuid(),
        workspaceId: 'ws_test',
        actor: { kind: 'system', id: 'spec' },
        occurredAt: systemClock.now(),
        correlationId: ready.runId,
      },
    );
    expect(taken.status).toBe('accepted');
    await eventually(() => living(MARK).length === 0);
    await delay(300);
    expect((await ground.transcript(ready)).at(-1)!.type).toBe('AttemptResumed');
  });

  it('never shares its home directory with another', async () => {
    await expect(ground.wiredService()).rejects.toMatchObject({ code: 'SANDBOX_HOME_IN_USE' });
  });

  it('counts the time of an attempt as computing time of its resource class', async () => {
    const ready = await ground.ready(command('sleep 0.1'));
    const ended = await ground.end(ready);
    expect(of(await ground.transcript(ready), 'UsageRecorded').map(({ usage }) => usage)).toEqual([
      { kind: 'compute', resourceClass: 'small', milliseconds: ended.elapsedMs },
    ]);
    expect(ended.elapsedMs).toBeGreaterThanOrEqual(100);
  });

  it('leaves nothing of a run that has ended', async () => {
    const ready = await ground.ready(command(`(setsid sleep ${MARK} &) ; echo x > left`));
    await ground.end(ready);
    await ground.completed(ready.runId);
    await eventually(() => !existsSync(`${ground.directory}/home/bubblewrap/${ready.runId}`));
    expect(living(MARK)).toEqual([]);
  });
});
