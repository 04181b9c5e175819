import type { PartitionLease } from '@runledger/event-store';
import { SILENT } from '../consumer-log.js';
import { Holding } from './holding.js';

const consumer = { consumer: 'reactor/spec', version: 1, owner: 'ada' };
const lease = (partition: number, epoch = 1, position = 0n): PartitionLease => ({
  ...{ ...consumer, partition, epoch, position },
});

/** The place of a consumer, and what was told to it. Its partitions are handed over when `handOver` is called. */
function placeOf(sharing: 'sole' | 'shared') {
  const told: unknown[] = [];
  const handing: (() => void)[] = [];
  const ask = { hurries: 0 };
  const numbers = (leases: readonly PartitionLease[]) => leases.map(({ partition, epoch }) => `${partition}@${epoch}`);
  const claimant = {
    ...consumer,
    granted: (leases: readonly PartitionLease[]) => void told.push(['granted', ...numbers(leases)]),
    lost: (partitions: readonly number[], forGood: boolean) =>
      void told.push([forGood ? 'lost for good' : 'lost', ...partitions]),
    handOver: (partitions: readonly number[]) => {
      told.push(['asked for', ...partitions]);
      return new Promise<void>(resolve => handing.push(resolve));
    },
    forgotten: (leases: readonly PartitionLease[]) => void told.push(['forgotten', ...numbers(leases)]),
  };
  const holding = new Holding(claimant, {
    ...{
      sharing,
      log: SILENT,
      isValid: () => true,
      whenValid: () => Promise.resolve(),
      leave: () => Promise.resolve(),
    },
    hurry: () => (ask.hurries += 1),
  });
  return {
    holding,
    ask,
    beat: (leases: readonly PartitionLease[], share = 8, moved: readonly PartitionLease[] = []) => {
      holding.apply({ ...consumer, members: 1, share, leases }, moved);
      return told.splice(0);
    },
    told: () => told.splice(0),
    handOver: async () => {
      for (const resolve of handing.splice(0)) resolve();
      await new Promise(resolve => setImmediate(resolve));
    },
  };
}

describe('what a process has of a consumer that it shares', () => {
  it('is what it was granted, until it is another’s (R3)', () => {
    const { beat } = placeOf('shared');
    expect(beat([lease(1), lease(2)])).toEqual([['granted', '1@1', '2@1']]);
    expect(beat([lease(1), lease(2)])).toEqual([]);
    expect(beat([lease(2), lease(3)])).toEqual([
      ['lost', 1],
      ['granted', '3@1'],
    ]);
  });

  it('is lost and begun anew where somebody had it in between', () => {
    const { beat } = placeOf('shared');
    beat([lease(1), lease(2)]);
    expect(beat([lease(1, 3), lease(2)])).toEqual([
      ['lost', 1],
      ['granted', '1@3'],
    ]);
  });

  it('is handed over where it is more than a fair share, once nothing is under way for it', async () => {
    const { beat, holding, handOver, ask } = placeOf('shared');
    expect(beat([lease(1), lease(2), lease(3)], 2)).toEqual([
      ['granted', '1@1', '2@1', '3@1'],
      ['asked for', 3],
    ]);
    expect(beat([lease(1), lease(2), lease(3)], 2)).toEqual([]); // it is on its way
    expect([holding.givenUp, ask.hurries]).toEqual([[], 0]);
    await handOver();
    expect([holding.givenUp, ask.hurries]).toEqual([[lease(3)], 1]);
    holding.setFree([lease(3)]);
    expect(beat([lease(1), lease(2)], 2)).toEqual([]);
    expect(beat([lease(1), lease(2), lease(3, 2)], 3)).toEqual([['granted', '3@2']]);
    expect(beat([lease(1), lease(2), lease(3, 2)], 2)).toEqual([['asked for', 3]]);
  });

  it('is not set free under an epoch that is another’s by the time it is handed over', async () => {
    const { beat, holding, handOver } = placeOf('shared');
    beat([lease(1), lease(2)], 1);
    beat([lease(1), lease(2, 5)], 2);
    await handOver();
    expect(holding.givenUp).toEqual([]);
    beat([lease(1), lease(2, 5)], 1);
    await handOver();
    expect(holding.givenUp).toEqual([lease(2, 5)]);
    beat([lease(1)], 1);
    expect(holding.givenUp).toEqual([]);
  });

  it('is told to stand where the database has it, when that has forgotten moves', () => {
    const { beat } = placeOf('shared');
    beat([lease(1), lease(2), lease(3)]);
    const moved = [lease(1, 1, 9n), lease(2, 1, 9n), lease(3, 1, 9n)];
    expect(beat([lease(1, 1, 8n), lease(2, 1, 9n), lease(3, 2, 1n)], 8, moved)).toEqual([
      ['lost', 3],
      ['granted', '3@2'],
      ['forgotten', '1@1'],
    ]);
  });

  it('is all lost when the process is found dead, and may be granted again', async () => {
    const { beat, holding, handOver, told } = placeOf('shared');
    holding.loseAll();
    expect(told()).toEqual([]);
    beat([lease(1), lease(2)], 1);
    await handOver();
    told();
    holding.loseAll();
    expect([told(), holding.givenUp]).toEqual([[['lost', 1, 2]], []]);
    expect(beat([lease(2, 2)])).toEqual([['granted', '2@2']]);
  });

  it('is free for others when it leaves, and nothing is told to it any more', async () => {
    const { beat, holding } = placeOf('shared');
    beat([lease(1), lease(2)]);
    expect(holding.valid).toBe(true);
    await holding.leave();
    expect([holding.valid, holding.givenUp]).toEqual([false, [lease(1), lease(2)]]);
    await holding.leave();
    expect(beat([lease(1), lease(2), lease(3)])).toEqual([]);
    expect(holding.givenUp).toEqual([lease(1), lease(2)]);
    holding.setFree(holding.givenUp.slice(0, 1));
    expect(holding.givenUp).toEqual([lease(2)]);
  });
});

describe('what a process has of a consumer that is its alone', () => {
  it('is taken from whoever has it, once', () => {
    const { beat, holding } = placeOf('sole');
    expect(holding.seizing).toBe(true);
    beat([lease(1), lease(2)]);
    expect(holding.seizing).toBe(false);
    expect(beat([lease(1), lease(2)], 1)).toEqual([]); // nobody else has a share
  });

  it('is given up for good, all of it, when another process has taken any of it', () => {
    const { beat, holding } = placeOf('sole');
    beat([lease(1), lease(2), lease(3)]);
    expect(beat([lease(1)])).toEqual([['lost for good', 2, 3, 1]]);
    expect([holding.valid, holding.givenUp]).toEqual([false, [lease(1)]]);
    expect(beat([lease(1), lease(2, 3)])).toEqual([]);
  });

  it('is begun anew by a process that was found dead, where nobody had it in between', () => {
    const { beat, holding, told } = placeOf('sole');
    beat([lease(1), lease(2)]);
    holding.loseAll();
    expect(told()).toEqual([['lost', 1, 2]]);
    expect(beat([lease(1, 2)])).toEqual([['granted', '1@2']]);
    expect(beat([lease(1, 2), lease(2, 2)])).toEqual([['granted', '2@2']]);
    expect(holding.valid).toBe(true);
  });

  it('is lost for good by a process that was found dead, where somebody had it in between', () => {
    const { beat, holding, told } = placeOf('sole');
    beat([lease(1), lease(2)]);
    holding.loseAll();
    told();
    expect(beat([lease(1, 2), lease(2, 3)])).toEqual([['lost for good', 1, 2]]);
    expect([holding.valid, holding.givenUp]).toEqual([false, [lease(1, 2), lease(2, 3)]]);
  });

  it('is lost for good by a process that was found dead, where somebody has it', () => {
    const { holding, told } = placeOf('sole');
    holding.apply({ ...consumer, members: 1, share: 2, leases: [lease(1), lease(2)] }, []);
    holding.loseAll();
    told();
    holding.apply({ ...consumer, members: 2, share: 1, leases: [] }, []);
    expect([told(), holding.valid]).toEqual([[['lost for good']], false]);
    holding.loseAll();
    expect(told()).toEqual([]);
  });
});
