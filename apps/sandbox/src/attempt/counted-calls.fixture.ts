import type { AttemptEvent } from '@runledger/contracts';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testProfile } from '../driver/sandbox.fixture.js';
import type { ReadyStep } from './attempt-place.js';
import { Ground, newRunId } from './ground.fixture.js';
import { PACKAGES } from './service-process.fixture.js';
import type { ServiceSettings } from './service-process.fixture.js';

/** Runs of each call, counted by the calls themselves in a file outside of the sandbox. */
export type Counts = Readonly<Record<string, number>>;

/** A shell command that lasts until the spec says so. */
export const UNTIL_TOLD = 'until [ -e /counter/go ]; do sleep 0.05; done';

/** Everything around sandbox services that are processes of their own, with steps that count how often they ran. */
export class CountedCalls {
  private constructor(
    readonly ground: Ground,
    private readonly counterDir: string,
  ) {}

  /** Compiles the service, too. */
  static async make(): Promise<CountedCalls> {
    const path: string = '../../../../scripts/compile.mjs';
    const compiler = (await import(path)) as { compile(folders: readonly string[]): Promise<number> };
    await compiler.compile(PACKAGES);
    const ground = await Ground.make();
    const counterDir = join(ground.directory, 'counter');
    mkdirSync(counterDir);
    chmodSync(counterDir, 0o777); // files that the sandbox's own user may write
    await ground.publishProfile(testProfile({ mounts: [{ source: counterDir, target: '/counter', mode: 'rw' }] }));
    return new CountedCalls(ground, counterDir);
  }

  /** Of a replica with a home directory of its own. */
  settings(replica: string, more: Partial<ServiceSettings> = {}): ServiceSettings {
    return {
      databaseUrl: this.ground.database.url,
      homeDir: join(this.ground.directory, 'sandboxes', replica),
      blobsDir: join(this.ground.directory, 'blobs'),
      mountSources: [this.ground.directory],
      ...more,
    };
  }

  /** Makes a step ready; `count` gives the shell command that counts one run of a call. */
  begin(step: (count: (id: string) => string) => Partial<ReadyStep>, runId = newRunId()): Promise<ReadyStep> {
    const path = join(this.counterDir, runId);
    writeFileSync(path, '', { flag: 'a' });
    chmodSync(path, 0o666);
    return this.ground.ready({ runId, ...step(id => `echo ${id} >> /counter/${runId}`) });
  }

  /** Lets the calls go on that wait for it with {@link UNTIL_TOLD}. */
  tell(): void {
    writeFileSync(join(this.counterDir, 'go'), '');
  }

  untell(): void {
    rmSync(join(this.counterDir, 'go'), { force: true });
  }

  counts({ runId }: ReadyStep): Record<string, number> {
    const found: Record<string, number> = {};
    for (const id of readFileSync(join(this.counterDir, runId), 'utf8').split('\n').filter(Boolean)) {
      found[id] = (found[id] ?? 0) + 1;
    }
    return found;
  }
}

/** Begins and ends once, and so does everything in it. */
export function expectWholeTranscript(events: readonly AttemptEvent[]): void {
  expect(events[0]!.type).toBe('AttemptStarted');
  expect(events.filter(({ type }) => type === 'AttemptEnded')).toHaveLength(1);
  expect(events.at(-1)!.type).toBe('AttemptEnded');
  for (const type of ['ToolCallStarted', 'ToolCallEnded'] as const) {
    const ids = events.flatMap(event => (event.type === type ? [event.data.callId] : []));
    expect(new Set(ids).size).toBe(ids.length);
  }
  const turns = events.flatMap(event => (event.type === 'ModelTurnEnded' ? [event.data.turn] : []));
  expect(turns).toEqual(turns.map((_, index) => index + 1));
  const usages = events.flatMap(event => (event.type === 'UsageRecorded' ? [event.data.usageId] : []));
  expect(new Set(usages).size).toBe(usages.length);
}

export function outputOf(events: readonly AttemptEvent[], callId: string): string {
  return events
    .map(event => (event.type === 'ToolOutput' && event.data.callId === callId ? event.data.text : ''))
    .join('');
}
