import { RunFailed, RunReopened, RunStarted } from '@runledger/contracts';
import type { AttemptEvent } from '@runledger/contracts';
import { systemClock } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { ReadyStep } from '../attempt/attempt-place.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';

const by = { kind: 'member', id: 'mem_1' } as const;

describe('a run that goes back to files as they were', () => {
  let ground: Ground;

  beforeAll(async () => {
    ground = await Ground.make();
    const repository = `${ground.directory}/repository`;
    const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
    git('init', '-q', '-b', 'main', repository);
    git('-C', repository, 'commit', '-q', '--allow-empty', '-m', 'first');
    execFileSync('chmod', ['-R', 'a+rX', ground.directory]);
    const cloned = {
      mounts: [{ source: repository, target: '/source', mode: 'ro' as const }],
      repositories: [{ url: '/source', path: 'code' }],
    };
    await ground.publishProfile(testProfile(cloned));
    await ground.publishProfile(testProfile({ slug: 'forgetful', snapshots: 'none' }));
    await ground.wiredService();
  });
  afterAll(() => ground.giveBack());

  /** Does one step to its end and answers what its script printed. */
  const done = async (runId: string, step: string, run: string, more: Partial<ReadyStep> = {}) => {
    const ready = await ground.ready({ runId, step, command: { run }, ...more });
    const ended = await ground.end(ready);
    const story = await ground.transcript(ready);
    const printed = story.flatMap(event => (event.type === 'ToolOutput' ? [event.data.text] : [])).join('');
    return { ended, story, printed };
  };
  const kept = (story: readonly AttemptEvent[]) =>
    story.flatMap(event => (event.type === 'WorkspaceSnapshotTaken' ? [event.data] : []));
  const released = (runId: string) =>
    eventually(() => Promise.resolve(!existsSync(`${ground.directory}/home/bubblewrap/${runId}`)));
  const reopened = (runId: string) =>
    RunReopened({ runId, verb: 'RETRY', from: 'FAILED', scope: 'REMAINING', by, reopenedAt: systemClock.now() });
  const hasFailed = (runId: string) =>
    RunFailed({ runId, step: 'b', error: { code: 'COMMAND_FAILED', message: 'exit 1' }, failedAt: systemClock.now() });
  const wentBack = (runId: string, of: string, fromStep: string, inherited: readonly string[]) =>
    RunStarted({
      ...{ runId, flowId: 'flw_1', flowSlug: 'flow', flowName: 'Flow', flowVersion: 1, flowHash: 'h', steps: [] },
      parameters: {},
      choices: { profile: 'test', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
      startedBy: by,
      trigger: { kind: 'manual' },
      requestHash: 'h',
      lineage: { kind: 'RERUN', of, fromStep },
      inherited: inherited.map(step => ({ step, state: 'COMPLETED' as const, from: { runId: of, attempt: 1 } })),
      startedAt: systemClock.now(),
    });
  const list = 'cd /workspace && find . -type f -not -path "*/.*/*" | sort && git -C code log --format=%s';

  it('retries a step with the files that it began with, while the sandbox is there and after the run has ended', async () => {
    const runId = newRunId();
    const first = await done(runId, 'a', 'echo one > a.txt; echo tool > ~/.toolrc');
    expect(kept(first.story).map(({ moment, files }) => [moment, files > 0])).toEqual([
      ['before', true], // the clone
      ['after', true],
    ]);
    const failed = await done(runId, 'b', 'echo half > b.txt; echo gone > a.txt; exit 1');
    expect(failed.ended.outcome).toBe('ERROR');
    const again = await done(runId, 'b', `${list}; cat a.txt; exit 1`, { attempt: 2 });
    expect(again.printed).toBe('./a.txt\nfirst\none\n');
    await ground.publish(runId, hasFailed(runId));
    await released(runId);
    await ground.publish(runId, reopened(runId));
    const later = await done(runId, 'b', `${list}; cat a.txt ~/.toolrc`, { attempt: 3 });
    expect(later.ended.outcome).toBe('SUCCESS');
    expect(later.printed).toBe('./a.txt\nfirst\none\ntool\n');
    expect(await done(runId, 'c', 'echo more > c.txt')).toMatchObject({ ended: { outcome: 'SUCCESS' } });
  });

  it('re-runs from a step with the files that the step began with, without cloning again, and leaves the source alone', async () => {
    const source = newRunId();
    const first = await done(source, 'a', 'echo one > a.txt; ln -s a.txt link; echo x > run.sh; chmod 755 run.sh');
    await done(source, 'b', 'echo two > a.txt; echo b > b.txt');
    const root = kept(first.story).at(-1)?.root;
    const fork = newRunId();
    await ground.publish(fork, wentBack(fork, source, 'b', ['a']));
    const forked = await done(fork, 'b', `${list}; cat link; stat -c %a run.sh; echo mine > a.txt; id -u`);
    expect(forked.printed).toBe('./a.txt\n./run.sh\nfirst\none\n755\n1000\n');
    expect(kept(forked.story)[0]).toMatchObject({ moment: 'before', root, newBytes: 0 });
    const setUp = forked.story.flatMap(event => (event.type === 'SetupRecorded' ? [event.data.text] : []));
    expect(setUp).toEqual([expect.stringContaining(`after step a of ${source}`)]);
    expect((await done(source, 'c', 'cat a.txt')).printed).toBe('two\n');
  });

  it('says so when the files are gone, instead of going on in an empty workspace', async () => {
    const source = newRunId();
    const story = (await done(source, 'a', 'echo one > a.txt')).story;
    await done(source, 'b', 'echo two > a.txt');
    const gone = new Set(kept(story).map(({ root }) => root.sha256));
    await ground.blobs
      .area('snapshots')
      .sweep({ unusedSince: new Date(Date.now() + 60_000), isNeeded: sha256 => !gone.has(sha256) });
    const fork = newRunId();
    await ground.publish(fork, wentBack(fork, source, 'b', ['a']));
    const { ended } = await done(fork, 'b', 'ls');
    expect(ended).toMatchObject({ outcome: 'ERROR', error: { code: 'SNAPSHOT_GONE' } });
    expect(ended.error?.fix).toContain('Re-run from the beginning');
  });

  it('puts what another run kept into the workspace, read-only and as it was, and follows no link there', async () => {
    const source = newRunId();
    await done(source, 'a', 'mkdir out; echo one > out/a.txt; echo two > out/b.log', { artifacts: ['out/*'] });
    await done(source, 'b', 'rm -r out; mkdir out; echo changed > out/a.txt');
    const from = { runId: source, attempt: 1 };
    const consumes = [{ step: 'a', name: 'out/*.txt', path: 'in', from }];
    const look = 'find in -type f; cat in/out/a.txt; { echo x >> in/out/a.txt; } 2> /dev/null || echo refused';
    const { printed } = await done(newRunId(), 'c', look, { consumes });
    expect(printed).toBe('in/out/a.txt\none\nrefused\n');
    const none = await done(newRunId(), 'c', 'true', { consumes: [{ step: 'a', name: 'b.txt', path: 'in', from }] });
    expect(none.ended).toMatchObject({ outcome: 'ERROR', error: { code: 'ARTIFACT_MISSING' } });
    const hostile = newRunId();
    await done(hostile, 'a', 'ln -s /etc in; mkdir -p x/out; ln -s /etc/passwd x/out/a.txt');
    const through = await done(hostile, 'c', 'true', { consumes });
    expect(through.ended).toMatchObject({ outcome: 'ERROR', error: { code: 'ARTIFACT_NOT_PLACED' } });
    expect(existsSync('/etc/out')).toBe(false);
    const instead = [{ step: 'a', name: 'out/*.txt', path: 'x', from }];
    expect((await done(hostile, 'd', 'cat x/out/a.txt', { consumes: instead })).printed).toBe('one\n');
  });

  it('finds a kept file by its very name where that looks like a glob, and programs stay programs', async () => {
    const source = newRunId();
    const make =
      "mkdir 'app'; echo page > 'app/[id].tsx'; printf '#!/bin/sh\\necho runs' > app/tool; chmod 750 app/tool";
    await done(source, 'a', make, { artifacts: ['app/[id].tsx', 'app/tool'] });
    const from = { runId: source, attempt: 1 };
    const consumes = ['app/[id].tsx', 'app/tool'].map(name => ({ step: 'a', name, path: 'in', from }));
    const look = "cat 'in/app/[id].tsx'; in/app/tool; stat -c %a in/app/*; echo x > in/app/tool || echo refused";
    const { printed } = await done(newRunId(), 'c', `{ ${look}; } 2> /dev/null`, { consumes });
    expect(printed).toBe('page\nruns\n444\n555\nrefused\n');
  });

  it('keeps nothing where the profile does not want it', async () => {
    const runId = newRunId();
    const first = await done(runId, 'a', 'echo one > a.txt', { profile: 'forgetful' });
    expect(kept(first.story)).toEqual([]);
    expect((await done(runId, 'b', 'cat a.txt', { profile: 'forgetful' })).printed).toBe('one\n');
  });
});
