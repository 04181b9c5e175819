/** As much of a browser's document as the pages need to draw themselves: what is put where, and what it says. */
export class PageElement {
  className = '';
  textContent = '';
  readonly children: PageElement[] = [];
  readonly attributes = new Map<string, string>();
  readonly style: Record<string, string> = {};
  #parent: PageElement | undefined;
  #value: string | undefined;
  readonly #heard = new Map<string, () => void>();

  constructor(readonly tagName: string) {}

  get lastElementChild(): PageElement | undefined {
    return this.children.at(-1);
  }

  append(...added: readonly (PageElement | string)[]): void {
    for (const child of added) {
      if (typeof child === 'string') this.textContent += child;
      else this.insertBefore(child, null);
    }
  }

  insertBefore(child: PageElement, next: PageElement | null): void {
    child.remove();
    this.children.splice(next ? this.children.indexOf(next) : this.children.length, 0, child);
    child.#parent = this;
  }

  replaceChildren(...children: readonly (PageElement | string)[]): void {
    for (const child of [...this.children]) child.remove();
    this.textContent = '';
    this.append(...children);
  }

  replaceWith(other: PageElement): void {
    this.#parent?.insertBefore(other, this);
    this.remove();
  }

  remove(): void {
    this.#parent?.children.splice(this.#parent.children.indexOf(this), 1);
    this.#parent = undefined;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  addEventListener(kind: string, heard: () => void): void {
    this.#heard.set(kind, heard);
  }

  press(): void {
    this.#heard.get('click')?.();
  }

  /** Of a list: what is chosen; until the reader chooses, the option that is marked, else the first. */
  get value(): string {
    const marked = this.children.find(child => child.attributes.has('selected')) ?? this.children[0];
    return this.#value ?? marked?.value ?? '';
  }

  set value(value: string | number) {
    this.#value = String(value);
  }

  choose(value: string): void {
    this.value = value;
    this.#heard.get('change')?.();
  }

  /** Itself and all in it of this tag, in order. */
  all(tag: string): PageElement[] {
    return [...(this.tagName === tag ? [this] : []), ...this.children.flatMap(child => child.all(tag))];
  }

  /** All text in it, in order. */
  get said(): string {
    return [this.textContent, ...this.children.map(child => child.said)].join(' ');
  }
}

export const pageDocument = { createElement: (tag: string) => new PageElement(tag) };
