import { execute, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { GraphContext } from './graph-context.js';

/** Marks a subscription's source event whose answer depends on this object and on what is asked for, and on nothing else. */
export const SAME_FOR_ALL = Symbol('same for all');

/** At once, where nothing has to be asked for it. */
export type Encoded = Buffer | Promise<Buffer>;

/** What a subscription's source delivers: the value of its root field, by name. */
export interface SourceEvent {
  readonly [field: string]: unknown;
  readonly [SAME_FOR_ALL]?: object;
}

/**
 * Answers subscriptions' source events as JSON in UTF-8. Where many follow the same thing with the same document, each item is answered
 * and written down once.
 */
export class ItemEncoder {
  readonly #shared = new WeakMap<object, Map<string, Encoded>>();

  constructor(private readonly shown: (result: ExecutionResult) => object) {}

  /** `shape`: everything of the operation that its answers depend on ({@link shapeOf}). */
  encode(args: ExecutionArgs, shape: string, event: SourceEvent): Encoded {
    const same = event[SAME_FOR_ALL];
    if (same === undefined) return this.#encoded(args, event);
    const known = this.#shared.get(same) ?? new Map<string, Encoded>();
    this.#shared.set(same, known);
    const encoded = known.get(shape) ?? this.#encoded(args, event);
    known.set(shape, encoded);
    return encoded;
  }

  /** Each item is read afresh: what was loaded for the one before it is out of date. */
  #encoded(args: ExecutionArgs, rootValue: SourceEvent): Encoded {
    const contextValue = { ...(args.contextValue as GraphContext), loaders: undefined };
    const result = execute({ ...args, contextValue, rootValue });
    return result instanceof Promise ? result.then(answer => this.#bytes(answer)) : this.#bytes(result);
  }

  #bytes(result: ExecutionResult): Buffer {
    return Buffer.from(JSON.stringify(this.shown(result)));
  }
}

/** Document, operation and variables, without the cursor: where a reader begins changes no item. */
export function shapeOf(query: string, { operationName, variableValues }: ExecutionArgs): string {
  const { after: _after, ...variables } = (variableValues ?? {}) as Readonly<Record<string, unknown>>;
  return `${operationName ?? ''}\n${JSON.stringify(variables)}\n${query}`;
}
