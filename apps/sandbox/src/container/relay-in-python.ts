import { DEAF_SECONDS, FRAME, MOST_FRAME_BYTES, ROOM_BYTES } from './relay-frames.js';

/** The relay of a pod for images with Python 3.3 or newer. */
export const IN_PYTHON = `
import os, select, signal, socket, struct, sys
signal.signal(signal.SIGALRM, lambda *_: os._exit(4))
signal.alarm(${DEAF_SECONDS})
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(('127.0.0.1', int(sys.argv[1])))
    server.listen(512)
except OSError as error:
    sys.stderr.write('cannot listen: %s\\n' % error)
    sys.exit(3)
links, by, ids, rest = {}, {}, 0, b''
def tell(kind, id, data=b''):
    frame = struct.pack('>BII', kind, id, len(data)) + data
    while frame:
        try: frame = frame[os.write(1, frame):]
        except OSError: os._exit(0)
class Link:
    def __init__(self, id, sock):
        self.id, self.sock, self.room, self.out = id, sock, ${ROOM_BYTES}, b''
        self.ending = self.ended = self.quiet = self.shut = False
    def drop(self, told):
        links.pop(self.id, None)
        by.pop(self.sock, None)
        self.sock.close()
        if told: tell(${FRAME.reset}, self.id)
    def flush(self):
        if self.out:
            try: n = self.sock.send(self.out)
            except BlockingIOError: return
            except OSError: return self.drop(not self.quiet)
            self.out = self.out[n:]
            if not self.quiet: tell(${FRAME.room}, self.id, struct.pack('>I', n))
        if self.out or not self.ending: return
        if self.ended or self.quiet: return self.drop(False)
        if not self.shut:
            self.shut = True
            try: self.sock.shutdown(socket.SHUT_WR)
            except OSError: self.drop(True)
    def take(self):
        try: data = self.sock.recv(min(self.room, ${MOST_FRAME_BYTES}) or ${MOST_FRAME_BYTES})
        except BlockingIOError: return
        except OSError: return self.drop(not self.quiet)
        if self.quiet:
            if not data: self.drop(False)
            return
        if data:
            self.room -= len(data)
            return tell(${FRAME.data}, self.id, data)
        self.ended = True
        tell(${FRAME.end}, self.id)
        if self.shut: self.drop(False)
def hear(kind, id, data):
    if kind == ${FRAME.alive}: return tell(${FRAME.alive}, 0)
    link = links.get(id)
    if not link: return
    if kind == ${FRAME.data}: link.out += data
    if kind == ${FRAME.end}: link.ending = True
    if kind == ${FRAME.room}:
        link.room += struct.unpack('>I', data)[0]
        return
    if kind == ${FRAME.reset}: link.quiet = link.ending = True
    link.flush()
tell(${FRAME.listening}, 0, struct.pack('>I', server.getsockname()[1]))
while True:
    reading = [link.sock for link in links.values() if not link.ended and (link.room > 0 or link.quiet)]
    ready, free, _ = select.select([0, server] + reading, [link.sock for link in links.values() if link.out], [])
    for sock in free:
        if sock in by: by[sock].flush()
    for sock in ready:
        if sock is server:
            new = server.accept()[0]
            new.setblocking(False)
            ids += 1
            links[ids] = by[new] = Link(ids, new)
            tell(${FRAME.open}, ids)
        elif sock == 0:
            chunk = os.read(0, ${MOST_FRAME_BYTES})
            if not chunk: os._exit(0)
            signal.alarm(${DEAF_SECONDS})
            rest += chunk
            while len(rest) >= 9:
                kind, id, size = struct.unpack('>BII', rest[:9])
                if len(rest) < 9 + size: break
                hear(kind, id, rest[9:9 + size])
                rest = rest[9 + size:]
        elif sock in by: by[sock].take()
`;
