import { INVALID_SPAN_CONTEXT, SpanStatusCode } from '@opentelemetry/api';
import type { AttributeValue, Attributes, Span, SpanKind, SpanOptions, SpanStatus, Tracer } from '@opentelemetry/api';

/** A span as it goes over a runner's socket: what it was called, when it was, in ms since the epoch, and how it went. */
export interface ToldSpan {
  readonly name: string;
  readonly kind?: SpanKind;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly attributes: Attributes;
  readonly failed: boolean;
}

/** Tells of each span when it has ended: a runner has no connection to where traces go, but its service has. */
export function tellingTracer(tell: (span: ToldSpan) => void): Tracer {
  const startSpan = (name: string, options: SpanOptions = {}) => new TellingSpan(name, options, tell);
  return { startSpan, startActiveSpan: () => unsupported('startActiveSpan') };
}

class TellingSpan implements Span {
  readonly #startedMs = Date.now();
  readonly #attributes: Attributes;
  #failed = false;

  constructor(
    private readonly name: string,
    private readonly options: SpanOptions,
    private readonly tell: (span: ToldSpan) => void,
  ) {
    this.#attributes = { ...options.attributes };
  }

  /** Not of a trace that anything could be part of. */
  spanContext() {
    return INVALID_SPAN_CONTEXT;
  }

  setAttribute(key: string, value: AttributeValue): this {
    this.#attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    Object.assign(this.#attributes, attributes);
    return this;
  }

  setStatus({ code }: SpanStatus): this {
    this.#failed = code === SpanStatusCode.ERROR;
    return this;
  }

  end(): void {
    const { kind } = this.options;
    this.tell({
      name: this.name,
      ...(kind !== undefined && { kind }),
      startedMs: this.#startedMs,
      endedMs: Date.now(),
      attributes: this.#attributes,
      failed: this.#failed,
    });
  }

  isRecording(): boolean {
    return true;
  }

  updateName(): this {
    return unsupported('updateName');
  }

  addEvent(): this {
    return unsupported('addEvent');
  }

  addLink(): this {
    return unsupported('addLink');
  }

  addLinks(): this {
    return unsupported('addLinks');
  }

  recordException(): void {
    unsupported('recordException');
  }
}

/** Nothing in the loop of an agent does it. */
function unsupported(method: string): never {
  throw new TypeError(`A span of a runner has no ${method}.`);
}
