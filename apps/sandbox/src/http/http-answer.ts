import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { HeaderList } from './header-list.js';

/** Answers to these have no body, not even an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** An answer as `fetch` gives it, as far as anybody here reads one. */
export class HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: HeaderList;
  /** Read once, as it comes: whoever reads slowly slows the sender. Cancelling it closes the connection. */
  readonly body: ReadableStream<Uint8Array> | null;
  readonly redirected = false;

  constructor(
    /** The address that was asked. */
    readonly url: string,
    message: IncomingMessage,
    content: Readable,
  ) {
    this.status = message.statusCode ?? 0;
    this.statusText = message.statusMessage ?? '';
    this.ok = this.status >= 200 && this.status < 300;
    this.headers = HeaderList.ofRaw(message.rawHeaders);
    if (WITHOUT_BODY.has(this.status)) {
      this.body = null;
      content.resume();
    } else this.body = streamOf(content);
  }

  /** The same answer with another body in place of this one, where there is one. */
  withBody(change: (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>): HttpAnswer {
    const body = this.body && change(this.body);
    return Object.assign(Object.create(HttpAnswer.prototype) as HttpAnswer, this, { body });
  }

  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of this.body ?? []) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** Reads only when it is asked for more. `ReadableStream.from` would leave the connection open where nothing was read before it is cancelled. */
function streamOf(content: Readable): ReadableStream<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const { done, value } = await chunks.next();
    if (done) controller.close();
    else controller.enqueue(value);
  };
  const cancel = (): void => void content.destroy();
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
}
