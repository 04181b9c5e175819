import { DEAF_SECONDS, FRAME, MOST_FRAME_BYTES, ROOM_BYTES } from './relay-frames.js';

/** The relay of a pod for images with Node.js 12 or newer. */
export const IN_NODE = `
const net = require('node:net');
const links = new Map();
let ids = 0, rest = Buffer.alloc(0), deaf;
const heard = () => { clearTimeout(deaf); deaf = setTimeout(() => process.exit(4), ${DEAF_SECONDS}000); };
const tell = (kind, id, data = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9);
  head[0] = kind; head.writeUInt32BE(id, 1); head.writeUInt32BE(data.length, 5);
  process.stdout.write(Buffer.concat([head, data]));
};
const number = n => { const data = Buffer.alloc(4); data.writeUInt32BE(n); return data; };
const pump = link => {
  let n;
  while ((n = Math.min(link.room, link.socket.readableLength, ${MOST_FRAME_BYTES})) > 0) {
    const data = link.socket.read(n);
    if (!data) return;
    link.room -= data.length;
    tell(${FRAME.data}, link.id, data);
  }
  // Seen only when the end is read, too.
  if (link.socket.readableLength === 0 && link.room > 0) link.socket.read(0);
};
const server = net.createServer({ allowHalfOpen: true }, socket => {
  const link = { id: ++ids, socket, room: ${ROOM_BYTES} };
  links.set(link.id, link);
  tell(${FRAME.open}, link.id);
  socket.setNoDelay();
  socket.on('readable', () => pump(link)).on('end', () => tell(${FRAME.end}, link.id)).on('error', () => {});
  socket.on('close', () => { if (links.delete(link.id)) tell(${FRAME.reset}, link.id); });
});
const hear = (kind, id, data) => {
  if (kind === ${FRAME.alive}) return tell(${FRAME.alive}, 0);
  const link = links.get(id);
  if (!link) return;
  if (kind === ${FRAME.data}) link.socket.write(data, () => tell(${FRAME.room}, id, number(data.length)));
  if (kind === ${FRAME.end}) link.socket.end();
  if (kind === ${FRAME.room}) { link.room += data.readUInt32BE(0); pump(link); }
  if (kind === ${FRAME.reset}) { links.delete(id); link.socket.destroySoon(); link.socket.resume(); }
};
process.stdin.on('data', chunk => {
  heard();
  rest = Buffer.concat([rest, chunk]);
  while (rest.length >= 9 && rest.length >= 9 + rest.readUInt32BE(5)) {
    const end = 9 + rest.readUInt32BE(5);
    hear(rest[0], rest.readUInt32BE(1), Buffer.from(rest.subarray(9, end)));
    rest = rest.subarray(end);
  }
}).on('end', () => process.exit());
process.stdout.on('error', () => process.exit());
server.on('error', error => { console.error(String(error)); process.exit(3); });
heard();
server.listen(Number(process.argv[1]), '127.0.0.1', 512, () => tell(${FRAME.listening}, 0, number(server.address().port)));
`;
