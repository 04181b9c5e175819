/** A page ends early when it holds this much: events of a megabyte each must not add up to a gigabyte. */
const PAGE_BYTES = 8_000_000;

/** The lines of one page: full when it has as many as asked for, or too many bytes for one more. */
export class BundlePage {
  readonly lines: string[] = [];
  #bytes = 0;

  constructor(private readonly most: number) {}

  add(line: string): void {
    this.lines.push(line);
    this.#bytes += Buffer.byteLength(line) + 1;
  }

  get room(): number {
    return this.most - this.lines.length;
  }

  get isFull(): boolean {
    return this.room <= 0 || this.#bytes >= PAGE_BYTES;
  }
}
