import { boundedMessages } from './bounded-messages.js';

const MIB = 1_048_576;

async function read(contentType: string, chunks: readonly string[]) {
  let tooLarge = 0;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
  const answer = () => Promise.resolve(new Response(body, { status: 202, headers: { 'content-type': contentType } }));
  const response = await boundedMessages(answer, () => (tooLarge += 1))('http://x');
  const length = await response.text().then(
    text => text.length,
    () => undefined,
  );
  return { length, tooLarge, status: response.status, type: response.headers.get('content-type') };
}

describe('what an MCP server sends over HTTP', () => {
  const mib = 'x'.repeat(MIB);
  const mibs = (count: number) => Array.from({ length: count }, () => mib);
  const json = 'application/json';
  const stream = 'text/event-stream; charset=utf-8';

  it('is read as it is up to 16 MiB', async () => {
    expect(await read(json, mibs(16))).toEqual({ length: 16 * MIB, tooLarge: 0, status: 202, type: json });
    expect(await read(json, [...mibs(16), 'x'])).toMatchObject({ length: undefined, tooLarge: 1 });
  });

  it.each(['\n', '\r\n'])('goes on for as long as it likes in messages of less than that (%j)', async end => {
    const message = ['data: ', ...mibs(9), ...`${end}${end}`];
    expect(await read(stream, [...message, ...message, ...message])).toMatchObject({ tooLarge: 0 });
  });

  it.each(['\n', '\r\n', '\nx\n'])('is not read on in one message of more, in however many lines (%j)', async end => {
    const message = ['data: ', ...mibs(9), end];
    expect(await read(stream, [...message, ...message])).toMatchObject({ length: undefined, tooLarge: 1 });
  });
});
