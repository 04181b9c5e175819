import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';

/** What servers may pack their answers with. */
export const UNDERSTOOD_ENCODINGS = 'gzip, br';

const MOST_LAYERS = 5;

/** The content of an answer, unpacked; one that is packed in a way that nobody here knows comes as it is. */
export async function unpackedBody(message: IncomingMessage): Promise<Readable> {
  const encodings = encodingsOf(message);
  if (encodings.length === 0) return message;
  if (encodings.length > MOST_LAYERS) throw new TypeError(`The answer is packed ${encodings.length} times.`);
  const { pipeline } = await import('node:stream');
  const layers = await Promise.all(encodings.toReversed().map(unpacker));
  if (!layers.every(layer => layer !== undefined)) return message;
  return layers.reduce<Readable>((packed, layer) => pipeline(packed, layer, heardByTheReader), message);
}

function encodingsOf({ headers }: IncomingMessage): string[] {
  const named = (headers['content-encoding'] ?? '').toLowerCase().split(',');
  return named.map(encoding => encoding.trim()).filter(encoding => encoding !== '' && encoding !== 'identity');
}

/** What there is of a stream is handed on at once; one that ends too early is told by the connection, not by its packing. */
async function unpacker(encoding: string): Promise<Transform | undefined> {
  const { constants, ...zlib } = await import('node:zlib');
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = constants;
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip({ flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH });
    case 'deflate':
      return zlib.createInflate({ flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH });
    case 'br':
      return zlib.createBrotliDecompress({ flush: BROTLI_OPERATION_FLUSH, finishFlush: BROTLI_OPERATION_FLUSH });
    default:
      return undefined;
  }
}

/** Each of them ends with the others. */
function heardByTheReader(): void {}
