import type { OpenAttempt } from './open-work.js';
import { IdleSandboxes } from './idle-sandboxes.js';

const HOUR_MS = 3_600_000;

/** Says which runs' sandboxes were put down, of those that were left a moment ago. */
async function putDown(
  runs: Readonly<Record<string, { execution: 'INTERACTIVE' | 'BACKGROUND'; startsSlowly: boolean; works?: boolean }>>,
  holds: { containerMs: number; briefMs: number },
): Promise<string[]> {
  const found: string[] = [];
  const idle = new IdleSandboxes({
    sandboxes: {
      has: () => true,
      startsSlowly: runId => Promise.resolve(runs[runId]?.startsSlowly ?? false),
      putDown: runId => Promise.resolve(void found.push(runId)),
    },
    executing: { hasRun: run => runs[run.slice('ws_test/'.length)]?.works ?? false },
    holds,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  for (const [runId, { execution }] of Object.entries(runs)) {
    idle.left({ workspaceId: 'ws_test', place: { runId }, ready: { execution } } as OpenAttempt);
  }
  await idle.putDownDue();
  return found;
}

describe('the sandbox of a run that waits', () => {
  const watched = { execution: 'INTERACTIVE', startsSlowly: false } as const;
  const container = { execution: 'INTERACTIVE', startsSlowly: true } as const;
  const unwatched = { execution: 'BACKGROUND', startsSlowly: true } as const;

  it('holds no process, and a container only while somebody may be looking', async () => {
    const holds = { containerMs: HOUR_MS, briefMs: 0 };
    expect(await putDown({ watched, container, unwatched }, holds)).toEqual(['watched', 'unwatched']);
  });

  it('is put down in any case when its time is over', async () => {
    expect(await putDown({ watched, container, unwatched }, { containerMs: 0, briefMs: 0 })).toHaveLength(3);
  });

  it('stays as it is for a moment, in which the next step may begin', async () => {
    expect(await putDown({ watched, container, unwatched }, { containerMs: HOUR_MS, briefMs: HOUR_MS })).toEqual([]);
  });

  it('is left alone while another step of the run works in it', async () => {
    expect(await putDown({ busy: { ...watched, works: true } }, { containerMs: 0, briefMs: 0 })).toEqual([]);
  });
});
