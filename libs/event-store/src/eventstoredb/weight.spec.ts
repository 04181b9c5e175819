import type { RecordedEvent } from '../port.js';
import { weightOf } from './weight.js';

const eventAt = (position: bigint, text: string) => ({ position, data: { text } }) as unknown as RecordedEvent;

describe('the weight of an event', () => {
  it('is how far it lies behind the one before it', () => {
    expect(weightOf(eventAt(1_300n, 'short'), 1_000n)).toBe(300);
  });

  it('is its own size where much else lies between, or where something was scavenged', () => {
    expect(weightOf(eventAt(2_000_000_000n, 'short'), 1_000n)).toBe('{"text":"short"}'.length);
  });

  it('is large for one that is large', () => {
    expect(weightOf(eventAt(1_000_000n, 'x'.repeat(900_000)), 1_000n)).toBeGreaterThan(900_000);
  });
});
