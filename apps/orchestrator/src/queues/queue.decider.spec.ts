import { QueueJoined, QueueLeft, QueueTurnCame, QueueTurnedAway, type QueueEvent } from '@runledger/contracts';
import { specify } from '@runledger/testing';
import fc from 'fast-check';
import { queue, type QueueCommand } from './queue.decider.js';

const given = specify(queue);
const key = 'deploy-staging';
const at = '2026-03-01T10:00:00.000Z';
type Policy = 'QUEUE' | 'SKIP' | 'CANCEL_OLDER';
const join = (runId: string, policy: Policy = 'QUEUE'): QueueCommand => ({
  type: 'JoinQueue',
  data: { key, runId, policy, at },
});
const leave = (runId: string): QueueCommand => ({ type: 'LeaveQueue', data: { key, runId, at } });
const joined = (runId: string, policy: Policy = 'QUEUE', cancels: string[] = []) =>
  QueueJoined({ key, runId, policy, cancels, joinedAt: at });
const turn = (runId: string) => QueueTurnCame({ key, runId, cameAt: at });
const left = (runId: string) => QueueLeft({ key, runId, leftAt: at });

describe('runs with the same concurrency key', () => {
  it('have their turns one after the other, in the order in which they came', () => {
    given().when(join('run_1')).thenEmits(joined('run_1'), turn('run_1'));
    given(joined('run_1'), turn('run_1')).when(join('run_2')).thenEmits(joined('run_2'));
    const three = [joined('run_1'), turn('run_1'), joined('run_2'), joined('run_3')];
    given(...three)
      .when(leave('run_1'))
      .thenEmits(left('run_1'), turn('run_2'));
    given(...three)
      .when(leave('run_2'))
      .thenEmits(left('run_2'));
    given(...three)
      .when(join('run_2'))
      .thenNothing();
    given(...three)
      .when(leave('run_9'))
      .thenNothing();
  });

  it('are turned away while another one goes on, where the flow says so', () => {
    given().when(join('run_1', 'SKIP')).thenEmits(joined('run_1', 'SKIP'), turn('run_1'));
    given(joined('run_1'), turn('run_1'))
      .when(join('run_2', 'SKIP'))
      .thenEmits(QueueTurnedAway({ key, runId: 'run_2', behind: 'run_1', turnedAwayAt: at }));
  });

  it('have the older ones cancelled, where the flow says so, and wait until those have ended', () => {
    const two = [joined('run_1'), turn('run_1'), joined('run_2')];
    given(...two)
      .when(join('run_3', 'CANCEL_OLDER'))
      .thenEmits(joined('run_3', 'CANCEL_OLDER', ['run_1', 'run_2']));
  });

  it('are never two at a time and never wait for nobody, whatever comes and goes', () => {
    const commands = fc.array(
      fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 6 }), fc.constantFrom<Policy>('QUEUE', 'SKIP', 'CANCEL_OLDER')),
    );
    fc.assert(
      fc.property(commands, given => {
        let state = queue.initialState();
        let having: string | undefined;
        for (const [comes, number, policy] of given) {
          const runId = `run_${number}`;
          const events = queue.decide(comes ? join(runId, policy) : leave(runId), state) as readonly QueueEvent[];
          for (const event of events) {
            state = queue.evolve(state, event);
            if (event.type === 'QueueLeft' && event.data.runId === having) having = undefined;
            if (event.type !== 'QueueTurnCame') continue;
            expect(having).toBeUndefined();
            having = event.data.runId;
          }
          expect(having).toBe(state.runs[0]);
        }
      }),
    );
  });
});
