interface Shared<Item> {
  readonly items: Set<Item>;
  readonly listener: () => void;
}

/** What is to be told when a signal aborts, of which there are few for many: each is listened to once, for Node warns of more than ten. */
export class SharedSignals<Item> {
  readonly #shared = new Map<AbortSignal, Shared<Item>>();

  constructor(private readonly tell: (item: Item) => void) {}

  add(signal: AbortSignal, item: Item): void {
    const shared = this.#shared.get(signal) ?? this.#listenTo(signal);
    shared.items.add(item);
  }

  remove(signal: AbortSignal, item: Item): void {
    const shared = this.#shared.get(signal);
    shared?.items.delete(item);
    if (shared?.items.size !== 0) return;
    signal.removeEventListener('abort', shared.listener);
    this.#shared.delete(signal);
  }

  #listenTo(signal: AbortSignal): Shared<Item> {
    const items = new Set<Item>();
    const listener = () => {
      for (const item of [...items]) this.tell(item);
    };
    signal.addEventListener('abort', listener);
    const shared = { items, listener };
    this.#shared.set(signal, shared);
    return shared;
  }
}
