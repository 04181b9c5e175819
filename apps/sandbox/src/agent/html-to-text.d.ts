/** What is used of the library, which has no types of its own. */
declare module 'html-to-text' {
  export interface ConvertOptions {
    readonly wordwrap?: number | false;
    readonly baseElements?: { readonly selectors: readonly string[]; readonly returnDomByDefault: boolean };
    readonly limits?: { readonly maxDepth?: number };
    readonly selectors?: readonly {
      readonly selector: string;
      readonly format?: string;
      readonly options?: Readonly<Record<string, unknown>>;
    }[];
  }

  export function convert(html: string, options?: ConvertOptions): string;
}
