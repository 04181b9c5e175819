import fc from 'fast-check';
import { LowWatermark } from './low-watermark.js';

describe('the low watermark of a consumer', () => {
  it('rests on the last position before the first unfinished event', () => {
    const watermark = new LowWatermark(0n);
    const [first, second, third] = [
      watermark.take({ position: 2n, recordedAt: '' }),
      watermark.take({ position: 5n, recordedAt: '' }),
      watermark.take({ position: 6n, recordedAt: '' }),
    ];
    watermark.finish(third);
    expect(watermark.position).toBe(0n);
    watermark.finish(first);
    expect(watermark.position).toBe(2n);
    watermark.finish(second);
    expect(watermark.position).toBe(6n);
  });

  it('moves over scanned positions only when everything before them is finished', () => {
    const watermark = new LowWatermark(0n);
    const open = watermark.take({ position: 3n, recordedAt: '' });
    watermark.scannedTo(9n);
    expect(watermark.position).toBe(0n);
    watermark.finish(open);
    expect(watermark.position).toBe(9n);
  });

  it('is not moved by what is told late of positions before an event that was taken up meanwhile', () => {
    const watermark = new LowWatermark(0n);
    const open = watermark.take({ position: 7n, recordedAt: '' });
    watermark.scannedTo(5n);
    expect(watermark.position).toBe(0n);
    watermark.finish(open);
    watermark.scannedTo(6n);
    expect(watermark.position).toBe(7n);
    watermark.scannedTo(8n);
    expect(watermark.position).toBe(8n);
  });

  it('tells what is not finished for longest, and when the log took it', () => {
    const watermark = new LowWatermark(0n);
    const [first, second] = [
      watermark.take({ position: 2n, recordedAt: '2026-11-21T10:00:00.000Z' }),
      watermark.take({ position: 5n, recordedAt: '2026-11-21T10:00:01.000Z' }),
    ];
    expect(watermark.pending).toEqual(first);
    watermark.finish(first);
    expect(watermark.pending).toEqual({ position: 5n, recordedAt: '2026-11-21T10:00:01.000Z', finished: false });
    watermark.finish(second);
    expect(watermark.pending).toBeUndefined();
  });

  it('stays before an event that takes long, and comes to the end with it, however much finishes behind it', () => {
    const lasts = fc.oneof({ weight: 99, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.constant(Infinity) });
    const behaviour = fc.array(lasts, { minLength: 3_000, maxLength: 6_000 });
    fc.assert(
      fc.property(behaviour, lasting => {
        const watermark = new LowWatermark(0n);
        const long = watermark.take({ position: 1n, recordedAt: '' });
        const open: { readonly until: number; readonly taken: typeof long }[] = [];
        for (const [index, length] of lasting.entries()) {
          const taken = watermark.take({ position: BigInt(index + 2), recordedAt: '' });
          open.push({ until: index + length, taken });
          for (const done of open.filter(({ until }) => until <= index)) {
            watermark.finish(done.taken);
            open.splice(open.indexOf(done), 1);
          }
        }
        expect([watermark.position, watermark.pending]).toEqual([0n, long]);
        for (const taken of [long, ...open.splice(0).map(each => each.taken)]) {
          expect(watermark.position).toBe(taken === long ? 0n : taken.position - 1n);
          watermark.finish(taken);
        }
        expect(watermark.position).toBe(BigInt(lasting.length + 1));
      }),
      { numRuns: 20 },
    );
  });

  it('is never ahead of an unfinished event, in whatever order events finish', () => {
    const order = fc
      .integer({ min: 1, max: 3_000 })
      .chain(count => fc.shuffledSubarray([...Array(count).keys()], { minLength: count }));
    fc.assert(
      fc.property(order, finishing => {
        const watermark = new LowWatermark(0n);
        const taken = finishing.map((_, index) => watermark.take({ position: BigInt(index + 1), recordedAt: '' }));
        const open = new Set(finishing);
        for (const index of finishing) {
          watermark.finish(taken[index]!);
          open.delete(index);
          if (finishing.length < 200)
            expect(watermark.position).toBe(BigInt(open.size ? Math.min(...open) : taken.length));
        }
        expect(watermark.position).toBe(BigInt(finishing.length));
      }),
      { numRuns: 40 },
    );
  });
});
