import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@runledger/testing';
import { ApiClient } from './api-client.fixture.js';
import { commandLineOf } from './machine.fixture.js';
import type { PlatformProcess, TemporaryHome } from './platform-process.fixture.js';

/** Many processes start at the same time, beside all the others of `npm test` on a small machine. */
const READY_WITHIN_MS = 120_000;

/** A process of a cluster as its supervisor lists it. */
export interface Member {
  readonly service: string;
  readonly replica: number;
  readonly pid: number;
  readonly internalUrl: string;
  readonly apiUrl?: string;
}

/** The platform as `npm run start:cluster` runs it, from outside: the supervisor and the processes that it lists. */
export class ClusterProcess {
  private constructor(
    private readonly home: TemporaryHome,
    readonly supervisor: PlatformProcess,
  ) {}

  /** Starts a cluster in this home and waits until it says that it is ready. */
  static async start(
    home: TemporaryHome,
    environment: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<ClusterProcess> {
    const supervisor = home.spawn(environment, ['cluster.js', ...args]);
    await supervisor.ready(READY_WITHIN_MS);
    return new ClusterProcess(home, supervisor);
  }

  /** Those that live, of one service or of all. */
  members(service?: string): Member[] {
    const file = join(this.home.path, 'cluster.json');
    if (!existsSync(file)) return [];
    const { members } = JSON.parse(readFileSync(file, 'utf8')) as { members: Member[] };
    return members.filter(member => service === undefined || member.service === service);
  }

  /** One client for each gateway. */
  get apis(): ApiClient[] {
    return this.members('gateway').map(({ apiUrl }) => new ApiClient(apiUrl ?? '', this.supervisor.token));
  }

  /** Ends one process without giving it a chance. */
  kill(service: string, replica = 1): number {
    const pid = this.members(service).find(member => member.replica === replica)?.pid ?? 0;
    expect(commandLineOf(pid)).toContain(`service.js ${service}`);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** Waits until another process has the place of the one that was killed, and works. */
  async hasReplaced(pid: number): Promise<void> {
    await eventually(async () => {
      const members = this.members();
      const answers = await Promise.all(members.map(({ internalUrl }) => fetch(`${internalUrl}/health/ready`)));
      return members.every(member => member.pid !== pid) && answers.every(({ ok }) => ok);
    }, READY_WITHIN_MS);
  }
}
