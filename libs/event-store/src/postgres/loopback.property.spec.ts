import fc from 'fast-check';
import { toAppendRequest } from '../append-request.js';
import { anEvent, freshStream } from '../contract/contract-world.js';
import type { Position } from '../port.js';
import { Loopback } from './loopback.js';

/** Who a number of the sequence belongs to: a flight of this process, or somebody else (or nobody: rolled back). */
const numbers = fc.array(fc.oneof(fc.constant('foreign' as const), fc.integer({ min: 0, max: 5 })), {
  minLength: 1,
  maxLength: 30,
});

const request = toAppendRequest(freshStream(), [anEvent()], 'any');

function stored(position: number) {
  return { request, first: 0, positions: [BigInt(position)], recordedAt: '2026-11-21 02:28:47.1234+00' };
}

describe('own events on the short way to the tail', () => {
  it('come in the order of the log, and never pass a number that is not in hand', () => {
    fc.assert(
      fc.property(numbers, fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (owners, landings) => {
        const loopback = new Loopback();
        const flights = Array.from({ length: 6 }, () => loopback.depart());
        const seen: Position[] = [];
        let to = 0n;
        for (const flight of landings) {
          const own = owners.flatMap((owner, index) => (owner === flight ? [stored(index + 1)] : []));
          loopback.land(flights[flight] ?? 0, own);
          const next = loopback.next(to);
          to = next?.scannedTo ?? to;
          seen.push(...(next?.events.map(({ position }) => position) ?? []));
        }
        const reach = owners.indexOf('foreign') < 0 ? owners.length : owners.indexOf('foreign');
        expect(seen).toEqual(Array.from({ length: reach }, (_, index) => BigInt(index + 1)));
        expect(loopback.isStuck()).toBe(owners.slice(reach).some(owner => owner !== 'foreign'));
      }),
    );
  });

  it('wait for a flight under way that may bring the missing number, and for no later one', () => {
    const loopback = new Loopback();
    const [slow, quick] = [loopback.depart(), loopback.depart()];
    loopback.land(quick, [stored(2)]);
    expect([loopback.next(0n), loopback.isStuck()]).toEqual([undefined, false]);
    const later = loopback.depart();
    loopback.land(slow, []);
    expect([loopback.next(0n), loopback.isStuck()]).toEqual([undefined, true]);
    loopback.passed(1n);
    loopback.land(later, [stored(3)]);
    expect(loopback.next(1n)).toMatchObject({ scannedTo: 3n });
    expect(loopback.isStuck()).toBe(false);
  });

  it('are forgotten when the log was read beyond them before their flight was confirmed', () => {
    const loopback = new Loopback();
    loopback.land(loopback.depart(), [stored(1), stored(2)]);
    expect([loopback.next(2n), loopback.isStuck()]).toEqual([undefined, false]);
  });

  it('are given up rather than piled up while the log cannot be read', () => {
    const loopback = new Loopback();
    for (let position = 2; position < 10_003; position += 1) loopback.land(loopback.depart(), [stored(position)]);
    expect([loopback.next(1n), loopback.isStuck()]).toEqual([undefined, false]);
  });
});
