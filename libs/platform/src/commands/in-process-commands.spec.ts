import type { CommandContext } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import { z } from 'zod';
import type { CommandShape } from './command-client.js';
import { InProcessCommands } from './in-process-commands.js';

const Greet: CommandShape<{ name: string }, { text: string }, 'TooRude'> = {
  service: 'approval',
  name: 'Greet',
  input: z.object({ name: z.string().min(1) }),
  output: z.object({ text: z.string() }),
  refusals: ['TooRude'],
};
const context: CommandContext = {
  commandId: 'c1',
  workspaceId: 'ws_a',
  actor: { kind: 'member', id: 'ada' },
  occurredAt: '2026-01-01T00:00:00.000Z',
  correlationId: 'c1',
};

describe('commands inside one process', () => {
  it('reach the service that answers them, with who asked', async () => {
    const commands = new InProcessCommands();
    commands.answer(Greet, ({ name }, { actor }) =>
      Promise.resolve({ status: 'accepted', output: { text: `${actor.id} greets ${name}` }, position: 7n }),
    );
    expect(await commands.send(Greet, { name: 'eve' }, context)).toEqual({
      status: 'accepted',
      output: { text: 'ada greets eve' },
      position: 7n,
    });
  });

  it('bring a typed refusal back as a value', async () => {
    const commands = new InProcessCommands();
    const refusal = { rejected: 'TooRude', message: 'Say please.' } as const;
    commands.answer(Greet, () => Promise.resolve({ status: 'refused', refusal }));
    expect(await commands.send(Greet, { name: 'eve' }, context)).toEqual({ status: 'refused', refusal });
  });

  it('that nobody answers may be sent again', async () => {
    const sent = new InProcessCommands().send(Greet, { name: 'eve' }, context);
    await expect(sent).rejects.toThrow(RetryableError);
    await expect(sent).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', fields: { service: 'approval' } });
  });

  it('with data that do not fit never reach the service', async () => {
    const commands = new InProcessCommands();
    let asked = 0;
    commands.answer(Greet, () => {
      asked += 1;
      return Promise.resolve({ status: 'accepted', output: { text: '' }, position: undefined });
    });
    await expect(commands.send(Greet, { name: '' }, context)).rejects.toMatchObject({ code: 'INVALID_COMMAND' });
    expect(asked).toBe(0);
  });

  it('have one implementation only', () => {
    const commands = new InProcessCommands();
    const implementation = () => Promise.reject(new Error('unused'));
    commands.answer(Greet, implementation);
    expect(() => commands.answer(Greet, implementation)).toThrow(/Two implementations of command approval.Greet/);
  });
});
