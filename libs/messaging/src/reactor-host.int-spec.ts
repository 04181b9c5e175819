import { defineEvent, EventCatalogue, RetryableError } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { MemoryLog } from './memory-log.fixture.js';
import { ReactorHost } from './reactor-host.js';
import type { ReactorHostOptions } from './reactor-host.js';
import type { ConsumerStatus, Reactor } from './reactor.js';
import { testCheckpoints } from './test-checkpoints.fixture.js';
import type { CountedCheckpoints, TestCheckpoints } from './test-checkpoints.fixture.js';

const anything = { parse: (input: unknown) => input };
const catalogue = new EventCatalogue([
  defineEvent({
    type: 'StepReady',
    version: 2,
    schema: anything,
    upcast: { 1: (old: object) => ({ ...old, lifted: true }) },
  }),
  defineEvent({ type: 'GateDecided', version: 1, schema: anything }),
]);
const ALL = Array.from({ length: 16 }, (_, n) => n);
const SOON = { attempts: 3, retryableAttempts: 8, firstDelayMs: 1, maxDelayMs: 4 };

describe('a reactor host', () => {
  let database: TestCheckpoints;
  let log: MemoryLog;
  let checkpoints: CountedCheckpoints;
  let hosts: ReactorHost[];
  let faults: ConsumerStatus[];

  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    [log, hosts, faults] = [new MemoryLog(), [], []];
    checkpoints = await database.of(log);
  });
  afterEach(() => Promise.all(hosts.map(host => host.stop())));
  afterAll(() => database.close());

  const newHost = (options: Partial<ReactorHostOptions> = {}): ReactorHost => {
    const host = new ReactorHost(log, checkpoints, catalogue, {
      owner: `process-${hosts.length + 1}`,
      retry: SOON,
      checkpointEveryMs: 5,
      onFault: status => faults.push(status),
      ...options,
    });
    hosts.push(host);
    return host;
  };

  const starter = (react: Reactor['react'], more: Partial<Reactor> = {}): Reactor => ({
    name: 'starter',
    types: ['StepReady'],
    react,
    ...more,
  });

  const stored = (name = 'starter') => checkpoints.stored(name);

  it('hands over matching events in order, with data of today’s version', async () => {
    const seen: unknown[] = [];
    log.append({ data: { n: 1 } }, { type: 'GateDecided' }, { data: { n: 2 }, schemaVersion: 2 });
    const running = await newHost().start(starter(event => Promise.resolve(void seen.push(event.data))));
    await running.reached(7n);
    expect(seen).toEqual([{ n: 1, lifted: true }, { n: 2 }]);
    expect(running.status()).toEqual({ name: 'starter', state: 'live', position: 7n, partitions: ALL, parked: 0 });
  });

  it('passes by what is none of the business of a reactor, and begins behind it the next time', async () => {
    const seen: unknown[] = [];
    const end = log.append({ data: { n: 1 } }, { data: { n: 2 } }, { data: { n: 3 } });
    const isEven = (event: { data: unknown }) => (event.data as { n: number }).n % 2 === 0;
    const react: Reactor['react'] = event => Promise.resolve(void seen.push((event.data as { n: number }).n));
    const host = newHost();
    const running = await host.start(starter(react, { concerns: isEven }));
    await running.reached(end);
    expect(seen).toEqual([2]);
    await host.stop();
    const again = await newHost().start(starter(react));
    await again.reached(end);
    expect(seen).toEqual([2]);
  });

  it('hands events over as they were stored to a reactor that asks for it', async () => {
    const seen: unknown[] = [];
    const end = log.append({ data: { n: 1 } }, { type: 'FromTheFuture' });
    const react = (event: { type: string; data: unknown }) => Promise.resolve(void seen.push([event.type, event.data]));
    await (await newHost().start(starter(react, { types: [], asStored: true }))).reached(end);
    expect(seen).toEqual([
      ['StepReady', { n: 1 }],
      ['FromTheFuture', {}],
    ]);
  });

  it('keeps one run waiting for its own events only', async () => {
    let letGo = (): void => undefined;
    const held = new Promise<void>(resolve => (letGo = resolve));
    const seen: string[] = [];
    const end = log.append({ run: 'run_a', data: 1 }, { run: 'run_a', data: 2 }, { run: 'run_b', data: 3 });
    const running = await newHost().start(
      starter(async event => {
        if (event.position === 1n) await held;
        seen.push(`${event.metadata.correlationId} ${event.position}`);
      }),
    );
    await eventually(() => expect(seen).toEqual(['run_b 7']));
    expect(running.status().position).toBe(0n);
    letGo();
    await running.reached(end);
    expect(seen).toEqual(['run_b 7', 'run_a 1', 'run_a 4']);
  });

  it('goes on where it stood when it is stopped and started again', async () => {
    const seen: bigint[] = [];
    const reactor = starter(event => Promise.resolve(void seen.push(event.position)));
    const first = newHost();
    await (await first.start(reactor)).reached(log.append({}, {}));
    await first.stop();
    expect(await stored()).toBe(4n);
    await (await newHost().start(reactor)).reached(log.append({}));
    expect(seen).toEqual([1n, 4n, 7n]);
  });

  it('moves its checkpoint over events that it does not want', async () => {
    await (await newHost().start(starter(() => Promise.resolve()))).reached(log.append({ type: 'GateDecided' }));
    await eventually(async () => expect(await stored()).toBe(1n));
  });

  it('writes many moves of the checkpoint at once', async () => {
    const end = log.append(...Array.from({ length: 500 }, (_, n) => ({ run: `run_${n}` })));
    await (await newHost({ checkpointEveryMs: 500 }).start(starter(() => Promise.resolve()))).reached(end);
    await eventually(async () => expect(await stored()).toBe(end));
    expect(checkpoints.writes()).toBeLessThan(6);
  });

  it('never takes up more events and runs than it may', async () => {
    let [now, most] = [0, 0];
    const end = log.append(...Array.from({ length: 60 }, (_, n) => ({ run: `run_${n % 20}` })));
    const running = await newHost({ maxInFlight: 8, maxPartitions: 3 }).start(
      starter(async () => {
        most = Math.max(most, (now += 1));
        await new Promise(resolve => setTimeout(resolve, 1));
        now -= 1;
      }),
    );
    await running.reached(end);
    expect(most).toBe(3);
  });

  it('lets a reactor work on as many keys as it says that it may', async () => {
    let [now, most] = [0, 0];
    const end = log.append(...Array.from({ length: 40 }, (_, n) => ({ run: `run_${n}` })));
    const react = async () => {
      most = Math.max(most, (now += 1));
      await eventually(() => expect(most).toBe(12));
      now -= 1;
    };
    const host = newHost({ maxInFlight: 8, maxPartitions: 3 });
    await (await host.start(starter(react, { sideBySide: 12 }))).reached(end);
    expect(most).toBe(12);
  });

  describe('when a reaction fails', () => {
    it('tries again', async () => {
      let tries = 0;
      const react = () => ((tries += 1) < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve());
      await (await newHost().start(starter(react))).reached(log.append({}));
      expect(tries).toBe(3);
    });

    it('tries longer when the failure may go away by itself', async () => {
      let tries = 0;
      const away = new RetryableError('AWAY', 'the service is away');
      const react = () => ((tries += 1) < 8 ? Promise.reject(away) : Promise.resolve());
      await (await newHost().start(starter(react))).reached(log.append({}));
      expect(tries).toBe(8);
    });

    it('parks that event and what follows of its run, says why, and goes on with other runs', async () => {
      const seen: bigint[] = [];
      const end = log.append({ run: 'run_a' }, { run: 'run_b' }, { run: 'run_b' }, { run: 'run_a' });
      const running = await newHost().start(
        starter(event => {
          if (event.position === 4n) return Promise.reject(new Error('no such profile'));
          return Promise.resolve(void seen.push(event.position));
        }),
      );
      await running.reached(end);
      expect(seen).toEqual([1n, 10n]);
      expect(running.status()).toMatchObject({
        state: 'live',
        position: end,
        parked: 2,
        lastParked: { position: 4n, eventType: 'StepReady', code: 'Error', message: 'no such profile' },
      });
      expect(faults).toEqual([]);
      const [parked, waiting] = await checkpoints.parked.list({ consumer: 'reactor/starter' });
      expect(parked).toMatchObject({
        ...{ state: 'parked', position: 4n, runId: 'run_b', tenant: 'ws_spec', attempts: 3 },
        error: { code: 'Error', message: 'no such profile' },
      });
      expect(waiting).toMatchObject({ state: 'waiting', position: 7n, attempts: 0 });
    });

    it('lets only what has the same order wait behind it, and tries it again in the partition that has it', async () => {
      const seen: bigint[] = [];
      const steps = ['a', 'b', 'a', 'c'].map(step => ({ run: 'run_1', data: { step } }));
      const end = log.append(...steps);
      let isMended = false;
      const react: Reactor['react'] = event => {
        if (event.position === 1n && !isMended) return Promise.reject(new Error('not yet'));
        return Promise.resolve(void seen.push(event.position));
      };
      const orderBy = ({ data }: { data: unknown }) => (data as { step: string }).step;
      const running = await newHost({ parkedLookMs: 10 }).start(starter(react, { orderBy }));
      await running.reached(end);
      expect(seen).toEqual([4n, 10n]);
      isMended = true;
      const [parked] = await checkpoints.parked.list({ consumer: 'reactor/starter' });
      await checkpoints.parked.requestRetry(parked!.id, { by: 'ada' });
      await eventually(() => expect(seen).toEqual([4n, 10n, 1n, 7n]));
    });

    it('treats an event that the catalogue does not know as such a failure', async () => {
      const running = await newHost().start(starter(() => Promise.resolve(), { types: [] }));
      await running.reached(log.append({ type: 'FromTheFuture' }));
      expect(running.status().lastParked?.message).toContain('not in the catalogue');
    });
  });

  describe('about its owner', () => {
    it('stops when another process has taken the reactor over', async () => {
      const first = await newHost().start(starter(() => Promise.resolve()));
      const second = await newHost().start(starter(() => Promise.resolve()));
      await second.reached(log.append({}));
      await eventually(() => expect(first.status()).toMatchObject({ state: 'stopped', reason: 'fenced' }));
      expect(second.status().state).toBe('live');
      expect(faults).toEqual([]);
    });

    it('runs a reactor once per process', async () => {
      const host = newHost();
      await host.start(starter(() => Promise.resolve()));
      await expect(host.start(starter(() => Promise.resolve()))).rejects.toThrow('names are unique');
    });
  });

  describe('when it is stopped', () => {
    it('waits for reactions that are under way', async () => {
      let done = false;
      const host = newHost();
      log.append({});
      let begun = false;
      await host.start(
        starter(async () => {
          begun = true;
          await new Promise(resolve => setTimeout(resolve, 30));
          done = true;
        }),
      );
      await eventually(() => expect(begun).toBe(true));
      await host.stop();
      expect(done).toBe(true);
      expect(await stored()).toBe(1n);
    });

    it('finishes what lies before something that it has finished, so that nothing is done again', async () => {
      const seen: bigint[] = [];
      let letGo = (): void => undefined;
      const held = new Promise<void>(resolve => (letGo = resolve));
      // Two runs of one partition: the first has two events, and the other one is done between them.
      log.append({ run: 'run_0' }, { run: 'run_0' }, { run: 'run_2' }, { run: 'run_0' });
      const reactor = starter(async event => {
        if (event.position === 1n) await held;
        seen.push(event.position);
      });
      const host = newHost();
      await host.start(reactor);
      await eventually(() => expect(seen).toEqual([7n]));
      const stopped = host.stop();
      letGo();
      await stopped;
      expect(seen).toEqual([7n, 1n, 4n]);
      await (await newHost().start(reactor)).reached(10n);
      expect(seen).toEqual([7n, 1n, 4n, 10n]);
    });

    it('does not wait for ever, neither with every place taken nor in a back-off', async () => {
      log.append(...Array.from({ length: 20 }, () => ({})));
      const host = newHost({
        stopTimeoutMs: 20,
        maxInFlight: 4,
        retry: { ...SOON, firstDelayMs: 60_000, maxDelayMs: 60_000 },
      });
      const stuck = await host.start(starter(() => new Promise(() => undefined), { name: 'stuck' }));
      const failing = await host.start(starter(() => Promise.reject(new Error('once more')), { name: 'failing' }));
      await new Promise(resolve => setTimeout(resolve, 10));
      await host.stop();
      expect([stuck.status().state, failing.status().state]).toEqual(['stopped', 'stopped']);
      expect([await stored('stuck'), await stored('failing')]).toEqual([0n, 0n]);
    });
  });

  describe('when what it stands on fails', () => {
    it('takes a broken subscription up again without repeating events', async () => {
      const seen: bigint[] = [];
      log.breaks.push(new Error('connection lost'), new RetryableError('AWAY', 'away'));
      const end = log.append(...Array.from({ length: 30 }, () => ({})));
      await (await newHost().start(starter(event => Promise.resolve(void seen.push(event.position))))).reached(end);
      expect(seen).toEqual(log.events.map(event => event.position));
    });

    it('writes the checkpoint again after a failure', async () => {
      checkpoints.failures.push(new Error('connection lost'), new RetryableError('AWAY', 'away'));
      const end = log.append({}, {});
      const running = await newHost().start(starter(() => Promise.resolve()));
      await eventually(async () => expect(await stored()).toBe(end));
      expect(running.status().state).toBe('live');
    });

    it('stops when the checkpoint cannot be written for good', async () => {
      checkpoints.failures.push(...Array.from({ length: 3 }, () => new Error('permission denied')));
      log.append({});
      const running = await newHost().start(starter(() => Promise.resolve()));
      await eventually(() => expect(running.status().state).toBe('faulted'));
      const why = { code: 'Error', message: 'permission denied' };
      expect(running.status().fault).toEqual({ position: 1n, eventType: '-', ...why });
    });
  });
});
