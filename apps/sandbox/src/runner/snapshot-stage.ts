import { queryObjects, setFlagsFromString } from 'node:v8';

/** Kept until the snapshot is written: what becomes garbage while it is written must not be watched by anything. */
const kept: unknown[] = [];

/**
 * While a startup snapshot is made, what Node.js makes that a snapshot cannot hold is stood in for by something simpler, and what would be
 * the same in every process that starts from it, though it must differ, is refused. Answers how to put everything back.
 */
export function standIn(): () => void {
  const put = new Puts();
  put.value(process, 'getBuiltinModule', withoutDiagnostics(process.getBuiltinModule.bind(process)));
  put.value(AbortSignal, 'any', keptSignal);
  put.value(AbortSignal, 'timeout', keptSignal);
  put.getter(AbortController.prototype, 'signal', keep);
  // The error of a released lock is written in a realm of its own.
  put.value(ReadableStreamDefaultReader.prototype, 'releaseLock', () => undefined);
  put.value(WritableStreamDefaultWriter.prototype, 'releaseLock', () => undefined);
  put.value(ReadableStream.prototype, 'pipeThrough', pumped);
  // Whoever touches the class of it loads all that is behind it.
  put.value(globalThis, 'crypto', { randomUUID: noChance, getRandomValues: noChance });
  return () => {
    put.back();
    kept.length = 0;
  };
}

/**
 * V8 forgets what it made of each function, and makes it again of those that are called from here on: what ran only once, to load the
 * program, need not be in the memory of every process that starts from a snapshot.
 */
export function forgetCompiled(): void {
  setFlagsFromString('--flush-bytecode');
  setFlagsFromString('--stress-flush-code');
  for (let n = 0; n < COLLECTIONS; n += 1) queryObjects(Puts); // collects garbage first
  setFlagsFromString('--no-stress-flush-code');
  setFlagsFromString('--no-flush-bytecode');
}

/** Code that only forgotten code refers to goes in the second. */
const COLLECTIONS = 2;

/** Properties that were replaced, and what they were. */
class Puts {
  readonly #before: (() => void)[] = [];

  value(of: object, name: string, value: unknown): void {
    const own = Object.getOwnPropertyDescriptor(of, name);
    Object.defineProperty(of, name, { value, configurable: true, writable: true, enumerable: own?.enumerable ?? true });
    this.#restored(of, name, own);
  }

  getter(of: object, name: string, seen: (value: unknown) => void): void {
    const own = Object.getOwnPropertyDescriptor(of, name);
    const get = function (this: unknown): unknown {
      const value: unknown = own?.get?.call(this);
      seen(value);
      return value;
    };
    Object.defineProperty(of, name, { ...own, get });
    this.#restored(of, name, own);
  }

  back(): void {
    this.#before.forEach(restore => restore());
  }

  #restored(of: object, name: string, own: PropertyDescriptor | undefined): void {
    this.#before.push(() => {
      if (own) Object.defineProperty(of, name, own);
      else Reflect.deleteProperty(of, name);
    });
  }
}

/** Its channels are watched until they are garbage. */
function withoutDiagnostics(own: (id: string) => unknown) {
  return (id: string): unknown => (id.endsWith('diagnostics_channel') ? undefined : own(id));
}

function keptSignal(): AbortSignal {
  const controller = new AbortController();
  keep(controller);
  return controller.signal;
}

function keep(value: unknown): void {
  kept.push(value);
}

function pumped(this: ReadableStream, { readable, writable }: ReadableWritablePair): ReadableStream {
  const [reader, writer] = [this.getReader(), writable.getWriter()];
  const pump = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) await writer.write(next.value);
    await writer.close();
  };
  void pump();
  return readable;
}

/** Node.js makes names ahead, and would hand the same ones to every process. */
function noChance(): never {
  throw new TypeError('A startup snapshot holds nothing that is left to chance.');
}
