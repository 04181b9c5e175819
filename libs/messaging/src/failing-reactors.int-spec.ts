import { RetryableError } from '@runledger/kernel';
import { eventually } from '@runledger/testing';
import { hostWorld, starter } from './reactor-host.fixture.js';
import type { HostWorld } from './reactor-host.fixture.js';
import type { Reactor } from './reactor.js';
import { testCheckpoints } from './test-checkpoints.fixture.js';
import type { TestCheckpoints } from './test-checkpoints.fixture.js';

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
