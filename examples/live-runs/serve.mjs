// Serves the page in this folder, and beside it the client package and the library that it is built on:
//
//   node examples/live-runs/serve.mjs [port]
//
// The platform must let the page's origin call it: CORS_ORIGINS=http://127.0.0.1:5173 npm start
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const ROOT = new URL('../../', import.meta.url);
const FOLDERS = {
  '/client/': new URL('libs/client/dist/', ROOT),
  '/graphql-ws/': new URL('node_modules/graphql-ws/dist/', ROOT),
  '/': new URL('.', import.meta.url),
};
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript' };

const server = createServer(async (request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => path.startsWith(start));
  const name = path.slice(prefix.length) || 'index.html';
  try {
    // File names only: nothing leads out of the folder.
    if (!/^[\w.-]+$/.test(name)) throw new Error('no such file');
    const content = await readFile(new URL(name, folder));
    response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(content);
  } catch {
    response.writeHead(404).end('There is no such file.');
  }
});
server.listen(Number(process.argv[2] ?? 5173), '127.0.0.1', () => {
  console.log(`Open http://127.0.0.1:${server.address().port}/`);
});
