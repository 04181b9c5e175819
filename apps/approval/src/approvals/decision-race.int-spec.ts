import { GateReached, RunCancelRequested } from '@runledger/contracts';
import type { ApprovalEvent } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { gateId, streamOf } from '@runledger/kernel';
import type { DomainEvent } from '@runledger/kernel';
import type { Firing } from '@runledger/timers';
import { FakeClock } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { deadlineTimer } from './deadlines.reactor.js';
import { Decisions } from './decisions.js';
import { requestsReactor } from './requests.reactor.js';

const AT = '2026-11-21T10:00:00.000Z';
const WORKSPACE = 'ws_acme';
/** In the suite; `RACE_ROUNDS=200 npx jest decision-race` for more. */
const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 20);
const clock = new FakeClock(AT);

/** One process of the service: it knows of others only what the database tells it. */
interface Process {
  readonly store: EventStore;
  readonly handler: CommandHandler;
}

type Ending = { readonly won: boolean; readonly told: string | undefined };

describe('fifty who decide at one gate at once: people, the end of its time, and the end of its run', () => {
  let database: TestDatabase;
  let processes: readonly Process[];

  beforeAll(async () => {
    database = await logDatabase();
    const stores = [0, 1].map(() => createPostgresEventStore({ connectionString: database.url }));
    processes = Array.from({ length: 10 }, (_, n) => {
      const store = stores[n % 2] as EventStore;
      return { store, handler: new CommandHandler(store) };
    });
  });
  afterAll(async () => {
    await Promise.all([...new Set(processes.map(({ store }) => store))].map(store => store.close()));
    await database.drop();
  });

  const at = (n: number) => processes[n % processes.length] as Process;

  async function runSays(runId: string, { type, data }: DomainEvent): Promise<RecordedEvent> {
    const stream = { tenant: WORKSPACE, name: streamOf('run', runId) };
    const actor = { kind: 'service', id: 'orchestrator' } as const;
    const story = { correlationId: runId, causationId: 'spec', actor, workspaceId: WORKSPACE, occurredAt: AT };
    const { store } = at(0);
    await store.append(stream, [{ id: newUuid(), type, data, metadata: { ...story, schemaVersion: 1 } }], 'any');
    const { events } = await store.readStream(stream);
    return events.at(-1) as RecordedEvent;
  }

  /** A run that waits at a gate with a time limit, and the word that it is being cancelled. */
  async function gate() {
    const runId = `run_${newUuid()}`;
    const requestId = gateId(runId, 'deploy', 'before', 1);
    const startedBy = { kind: 'member', id: 'mem_ada' } as const;
    const reached = GateReached({
      ...{ runId, step: 'deploy', gateId: requestId, position: 'before', origin: 'template', message: 'Go on?' },
      terms: {
        policy: { count: 1, excludeStarter: false },
        timeoutMs: 60_000,
        onTimeout: 'FAIL',
        autoApproveInBackground: false,
      },
      shown: { flow: 'Release', stepName: 'Deploy', upstream: [] },
      ...{ startedBy, execution: 'INTERACTIVE', reachedAt: AT },
    });
    const { store, handler } = at(0);
    await requestsReactor(store, handler, clock).react(await runSays(runId, reached));
    const cancel = RunCancelRequested({ runId, mode: 'GRACEFUL', by: startedBy, requestedAt: AT });
    return { runId, requestId, cancelled: await runSays(runId, cancel) };
  }

  const storedOf = async (requestId: string) => {
    const { events } = await at(1).store.readStream({ tenant: WORKSPACE, name: streamOf('approval', requestId) });
    return events.map(({ type, data }) => ({ type, data }) as ApprovalEvent);
  };

  /** What the n-th of them does, and how it learns what became of it. */
  function move(n: number, { runId, requestId, cancelled }: Awaited<ReturnType<typeof gate>>): Promise<Ending> {
    const { store, handler } = at(n);
    const learned = async (own: ApprovalEvent['type'], by?: string): Promise<Ending> => {
      const end = (await storedOf(requestId)).at(-1);
      const won = end?.type === own && (by === undefined || (end.data as { by: { id: string } }).by.id === by);
      return { won, told: end?.type };
    };
    switch (n % 5) {
      case 3: {
        const payload = { requestId, runId, round: 0 };
        const name = `approval-deadline:${requestId}`;
        const firing: Firing = {
          id: newUuid(),
          name,
          kind: 'approval.deadline',
          tenant: WORKSPACE,
          payload,
          dueAt: AT,
          firedAt: AT,
          attempt: 1,
        };
        return deadlineTimer(handler)
          .handle(firing)
          .then(() => learned('ApprovalDecided', 'timeout'));
      }
      case 4:
        return requestsReactor(store, handler, clock)
          .react(cancelled)
          .then(() => learned('ApprovalWithdrawn'));
      default:
        return person(n, requestId, handler);
    }
  }

  async function person(n: number, requestId: string, handler: CommandHandler): Promise<Ending> {
    const decision = (['APPROVE', 'REJECT', 'SKIP'] as const)[n % 5] ?? 'SKIP';
    const outcome = await new Decisions(handler).decide(
      { requestId, decision },
      {
        ...{ commandId: newUuid(), correlationId: newUuid(), workspaceId: WORKSPACE, occurredAt: AT },
        actor: { kind: 'member', id: `mem_${n}` },
      },
    );
    if (outcome.status === 'accepted') return { won: true, told: 'ApprovalDecided' };
    const { rejected, details } = outcome.refusal;
    const end = (await storedOf(requestId)).at(-1);
    if (rejected === 'ALREADY_DECIDED') {
      const { decision: winner, by } = end?.data as { decision: string; by: { id: string } };
      expect(details?.slice(0, 2)).toEqual([
        { path: 'decision', message: winner },
        { path: 'by', message: by.id },
      ]);
    }
    return { won: false, told: rejected === 'ALREADY_DECIDED' ? 'ApprovalDecided' : rejected };
  }

  it(
    `end it once, ${ROUNDS} gates in a row, and all others learn how (D1)`,
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const place = await gate();
        const endings = await Promise.all(Array.from({ length: 50 }, (_, n) => move((n * 7 + round) % 50, place)));
        const stored = await storedOf(place.requestId);
        expect(stored).toHaveLength(2);
        const end = stored[1];
        if (end?.type !== 'ApprovalDecided' && end?.type !== 'ApprovalWithdrawn')
          throw new Error(`It is ${end?.type}.`);
        // The deadline and the cancel are one command each, sent by ten processes; of people only one can have won.
        const byPeople = end.type === 'ApprovalDecided' && end.data.how === 'PEOPLE';
        expect(endings.filter(({ won }) => won)).toHaveLength(byPeople ? 1 : 10);
        const told = new Set(endings.map(ending => ending.told));
        expect([...told].filter(word => word !== end.type)).toEqual(
          end.type === 'ApprovalWithdrawn' ? ['REQUEST_WITHDRAWN'] : [],
        );
      }
    },
    20_000 + ROUNDS * 1_000,
  );
});
