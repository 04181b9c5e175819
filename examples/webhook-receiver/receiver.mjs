// Usage: SIGNING_SECRET=whsec_… node receiver.mjs [port]   (needs: npm install standardwebhooks)
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

const { SIGNING_SECRET } = process.env;
if (!SIGNING_SECRET) {
  console.error('Set SIGNING_SECRET to what was shown when the channel was added: whsec_…');
  process.exit(1);
}

const webhook = new Webhook(SIGNING_SECRET);
/** Messages may come again: keep these ids where your other data is. */
const seen = new Set();

const server = createServer(async (request, reply) => {
  const body = await text(request); // as it came: the signature is about bytes
  try {
    const { type, data } = webhook.verify(body, request.headers);
    const id = request.headers['webhook-id'];
    if (!seen.has(id)) console.log(type, data.requestId ?? '', data.decision ?? '');
    seen.add(id);
    reply.writeHead(204).end();
  } catch {
    reply.writeHead(401).end();
  }
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => console.log('listening', server.address().port));
