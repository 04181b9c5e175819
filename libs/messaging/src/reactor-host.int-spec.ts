import { eventually } from '@runledger/testing';
import { hostWorld, SOON, starter } from './reactor-host.fixture.js';
import type { HostWorld } from './reactor-host.fixture.js';
import type { Reactor } from './reactor.js';
import { testCheckpoints } from './test-checkpoints.fixture.js';
import type { TestCheckpoints } from './test-checkpoints.fixture.js';

const ALL = Array.from({ length: 16 }, (_, n) => n);

describe('a reactor host', () => {
  let database: TestCheckpoints;
  let world: HostWorld;
  let log: HostWorld['log'];
  let checkpoints: HostWorld['checkpoints'];
  let faults: HostWorld['faults'];
  let newHost: HostWorld['newHost'];

  beforeAll(async () => {
    database = await testCheckpoints();
  });
  beforeEach(async () => {
    world = await hostWorld(database);
    ({ log, checkpoints, faults, newHost } = world);
  });
  afterEach(() => world.end());
  afterAll(() => database.close());

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
});
