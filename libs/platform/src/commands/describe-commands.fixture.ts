import type { CommandContext } from '@runledger/event-store';
import { Fault, RetryableError } from '@runledger/kernel';
import { z } from 'zod';
import type { CommandClient, CommandShape } from './command-client.js';
import type { CommandRegistry } from './command-registry.js';

export const Greet: CommandShape<{ name: string; times?: number | undefined }, { text: string }, 'TooRude'> = {
  service: 'approval',
  name: 'Greet',
  input: z.strictObject({ name: z.string().min(1), times: z.int().optional() }),
  output: z.strictObject({ text: z.string() }),
  refusals: ['TooRude'],
};

export const context: CommandContext = {
  commandId: '01999999-0000-7000-8000-000000000001',
  workspaceId: 'ws_a',
  actor: { kind: 'member', id: 'ada', name: 'Ada Lovelace 🜨', via: 'token' },
  occurredAt: '2026-01-01T00:00:00.000Z',
  correlationId: 'run_1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

/** Callers on one end, one answering service on the other. */
export interface CommandWorld {
  readonly client: CommandClient;
  /** Of the service. */
  readonly registry: CommandRegistry;
  /** A client whose service has nobody who answers. */
  readonly lonely: CommandClient;
  close(): Promise<void>;
}

class CupboardBareError extends Fault {}
class CupboardLockedError extends RetryableError {}

/** What callers may rely on, whatever carries their commands. */
export function describeCommands(transport: string, open: () => Promise<CommandWorld>): void {
  describe(`commands ${transport}`, () => {
    let world: CommandWorld;
    const caught = async (name = 'eve') =>
      world.client.send(Greet, { name }, context).catch((error: unknown) => error as Fault);

    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('reach the service that answers them, with who asked, and bring back exactly what it says', async () => {
      const seen: unknown[] = [];
      world.registry.answer(Greet, (input, about) => {
        seen.push(input, about);
        const text = `${about.actor.id} greets ${input.name} ☕ "\\u0000"`;
        return Promise.resolve({ status: 'accepted', output: { text }, position: 9_007_199_254_740_993n });
      });
      const outcome = await world.client.send(Greet, { name: 'eve', times: undefined }, context);
      expect(outcome).toEqual({
        status: 'accepted',
        output: { text: 'ada greets eve ☕ "\\u0000"' },
        position: 9_007_199_254_740_993n,
      });
      expect(seen).toEqual([{ name: 'eve' }, context]);
    });

    it('that changed nothing have no position', async () => {
      world.registry.answer(Greet, () =>
        Promise.resolve({ status: 'accepted', output: { text: '' }, position: undefined }),
      );
      expect(await world.client.send(Greet, { name: 'eve' }, context)).toEqual({
        status: 'accepted',
        output: { text: '' },
        position: undefined,
      });
    });

    it('bring a typed refusal back as a value', async () => {
      const details = [{ path: 'name', message: 'Too short.', fix: 'Add letters.', line: 3, column: 9 }];
      const refusal = { rejected: 'TooRude', message: 'Say please.', fix: 'Say it.', details } as const;
      world.registry.answer(Greet, () => Promise.resolve({ status: 'refused', refusal }));
      expect(await world.client.send(Greet, { name: 'eve' }, context)).toEqual({ status: 'refused', refusal });
    });

    it('that nobody answers may be sent again', async () => {
      const sent = world.lonely.send(Greet, { name: 'eve' }, context);
      await expect(sent).rejects.toThrow(RetryableError);
      await expect(sent).rejects.toMatchObject({
        name: 'ServiceUnavailableError',
        code: 'SERVICE_UNAVAILABLE',
        fields: { service: 'approval', command: 'Greet' },
      });
    });

    it('with data that do not fit never reach the service', async () => {
      let asked = 0;
      world.registry.answer(Greet, () => {
        asked += 1;
        return Promise.resolve({ status: 'accepted', output: { text: '' }, position: undefined });
      });
      expect(await caught('')).toMatchObject({ name: 'InvalidCommandError', code: 'INVALID_COMMAND' });
      expect(asked).toBe(0);
    });

    it('bring a fault of the service back as what it was: code, words, particulars, and whether it may pass', async () => {
      const fields = { shelf: 3, position: 12n, labels: ['a', { deep: true }] };
      let fault: Fault = new CupboardBareError('CUPBOARD_BARE', 'The cupboard is bare: buy tea.', { fields });
      world.registry.answer(Greet, () => Promise.reject(fault));
      const final = await caught();
      expect(final).toBeInstanceOf(Fault);
      expect(final).not.toBeInstanceOf(RetryableError);
      expect(final).toMatchObject({
        name: 'CupboardBareError',
        code: 'CUPBOARD_BARE',
        message: 'The cupboard is bare: buy tea.',
        fields,
      });
      fault = new CupboardLockedError('CUPBOARD_LOCKED', 'Somebody is at the cupboard; ask again.');
      const passing = await caught();
      expect(passing).toBeInstanceOf(RetryableError);
      expect(passing).toMatchObject({ name: 'CupboardLockedError', code: 'CUPBOARD_LOCKED', fields: {} });
    });

    it('fail with an error that is not worth a repeat when the service has a defect', async () => {
      world.registry.answer(Greet, () => Promise.reject(new TypeError('Cannot read properties of undefined')));
      const defect = await caught();
      expect(defect).toBeInstanceOf(Error);
      expect(defect).not.toBeInstanceOf(RetryableError);
    });

    it('have one implementation only', () => {
      const implementation = () => Promise.reject(new Error('unused'));
      world.registry.answer(Greet, implementation);
      expect(() => world.registry.answer(Greet, implementation)).toThrow(
        /Two implementations of command approval.Greet/,
      );
    });
  });
}
