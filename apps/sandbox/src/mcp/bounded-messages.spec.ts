import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { HttpAnswer } from '../http/http-answer.js';
import { boundedMessages } from './bounded-messages.js';

const MIB = 1_048_576;

async function read(contentType: string, chunks: readonly string[]) {
  let tooLarge = 0;
  const message = new IncomingMessage(new Socket());
  Object.assign(message, { statusCode: 202, rawHeaders: ['Content-Type', contentType] });
  const content = Readable.from(chunks.map(chunk => Buffer.from(chunk)));
  const answer = () => Promise.resolve(new HttpAnswer('http://x', message, content));
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
