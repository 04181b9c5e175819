import type { HttpFetch } from '../http/http-client.js';

const MOST_BYTES = 16_777_216;
const [LINE_FEED, CARRIAGE_RETURN] = [10, 13];

/** Counts the bytes of the message that is being received: of a whole answer, or of one event of a stream of them, which may go on for hours. */
class MessageSize {
  bytes = 0;
  #lineBytes = 0;
  #last = 0;

  constructor(private readonly isStream: boolean) {}

  take(chunk: Uint8Array): void {
    if (!this.isStream) {
      this.bytes += chunk.length;
      return;
    }
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      this.#add(chunk.subarray(from, end));
      // A blank line ends an event.
      const isBlank = this.#lineBytes === 0 || (this.#lineBytes === 1 && this.#last === CARRIAGE_RETURN);
      if (isBlank) this.bytes = 0;
      this.#lineBytes = 0;
      from = end + 1;
    }
    this.#add(chunk.subarray(from));
  }

  #add(part: Uint8Array): void {
    this.bytes += part.length;
    this.#lineBytes += part.length;
    this.#last = part.at(-1) ?? this.#last;
  }
}

/**
 * Reads no message of a server that is larger than 16 MiB: what it sends is kept in this process, whose memory it could fill. Its answer
 * breaks off then, and `onTooLarge` is told, because the client takes a stream that broke off for one to be connected to again.
 */
export function boundedMessages(fetch: HttpFetch, onTooLarge: () => void): HttpFetch {
  return async (...asked) => {
    const answer = await fetch(...asked);
    const size = new MessageSize(answer.headers.get('content-type')?.includes('text/event-stream') ?? false);
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size.take(chunk);
        if (size.bytes <= MOST_BYTES) return controller.enqueue(chunk);
        onTooLarge();
        controller.error(new Error('its message is too large'));
      },
    });
    return answer.withBody(body => body.pipeThrough(counted));
  };
}
