import type { EventStore } from '@runledger/event-store';

/** A log whose process dies in the middle of an append: nothing is written, and whoever waits for it never hears of it in that life. */
export class DyingStore {
  readonly store: EventStore;
  #deadly: string | undefined;
  #dies: () => void = () => undefined;
  #end: (why: Error) => void = () => undefined;
  #death: Promise<void> = Promise.resolve();

  constructor(real: EventStore) {
    const append: EventStore['append'] = async (stream, events, expected) => {
      if (!events.some(({ type }) => type === this.#deadly)) return real.append(stream, events, expected);
      return new Promise((_resolve, reject) => {
        this.#end = reject;
        this.#dies();
      });
    };
    this.store = new Proxy(real, {
      get: (target, name) => {
        if (name === 'append') return append;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  }

  /** Whoever wants to write this down next dies. */
  diesBefore(type: string): void {
    this.#deadly = type;
    this.#death = new Promise(resolve => (this.#dies = resolve));
  }

  hasDied(): Promise<void> {
    return this.#death;
  }

  /** The next life begins. */
  bury(): void {
    this.#deadly = undefined;
    this.#end(new Error('The process is dead.'));
  }
}
