/** Whatever headers are given as. */
export type HeaderSource = Iterable<readonly [string, string]> | Readonly<Record<string, string | undefined>>;

/**
 * Headers as `fetch` has them: names in lower case, values without the space around them, in the order of the names. The class of Node.js
 * would do, but whoever touches that one loads the whole of `fetch` and compiles its parser: 12 MB of a runner's memory.
 */
export class HeaderList implements Iterable<[string, string]> {
  readonly #values = new Map<string, string[]>();

  constructor(source: HeaderSource = {}) {
    const pairs = isPairs(source) ? source : Object.entries(source);
    for (const [name, value] of pairs) if (value !== undefined) this.append(name, value);
  }

  /** Of an answer as it came over the wire: names and values in turn. */
  static ofRaw(raw: readonly string[]): HeaderList {
    const list = new HeaderList();
    for (let at = 0; at + 1 < raw.length; at += 2) list.append(raw[at] ?? '', raw[at + 1] ?? '');
    return list;
  }

  append(name: string, value: string): void {
    const known = this.#values.get(name.toLowerCase());
    if (known) known.push(withoutSpace(value));
    else this.set(name, value);
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), [withoutSpace(value)]);
  }

  delete(name: string): void {
    this.#values.delete(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase())?.join(', ') ?? null;
  }

  getSetCookie(): string[] {
    return [...(this.#values.get('set-cookie') ?? [])];
  }

  forEach(visit: (value: string, name: string, list: HeaderList) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name;
  }

  *values(): Generator<string> {
    for (const [, value] of this) yield value;
  }

  entries(): Generator<[string, string]> {
    return this[Symbol.iterator]();
  }

  /** Cookies are not joined: a comma may be part of one. */
  *[Symbol.iterator](): Generator<[string, string]> {
    for (const [name, values] of [...this.#values].sort(([one], [other]) => (one < other ? -1 : 1))) {
      if (name !== 'set-cookie') yield [name, values.join(', ')];
      else for (const value of values) yield [name, value];
    }
  }
}

/** In the bundle of runners it takes the place of the global one, so that libraries do not touch that either. */
export { HeaderList as Headers };

function isPairs(source: HeaderSource): source is Iterable<readonly [string, string]> {
  return Symbol.iterator in source;
}

function withoutSpace(value: string): string {
  return String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
}
