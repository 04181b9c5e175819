import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { readModelOptions } from './read-model-database.js';

/** "Ready for query", as the server says it first when a session is made. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5]);
const READY_BYTES = 6;
const FIELDS = 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';

/** What a server that ends a session says last. */
function lastWords(): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(FIELDS.length + 4);
  return Buffer.concat([Buffer.from('E'), length, Buffer.from(FIELDS)]);
}

/** A way to PostgreSQL on which new sessions may end as soon as they are ready: both is said in one breath. */
class WayToServer {
  isDeadly = false;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(private readonly databaseUrl: string) {
    this.#server = createServer(client => this.#serve(client));
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { user = '', password, database } = new pg.Client({ connectionString: this.databaseUrl });
    const { port } = this.#server.address() as AddressInfo;
    return `postgresql://${user}:${encodeURIComponent(password ?? '')}@127.0.0.1:${port}/${database}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    const { host, port } = new pg.Client({ connectionString: this.databaseUrl });
    const server = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    const ends = this.isDeadly;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    client.pipe(server);
    server.on('data', (chunk: Buffer) => {
      const ready = ends ? chunk.indexOf(READY) : -1;
      if (ready < 0) return void client.write(chunk);
      client.end(Buffer.concat([chunk.subarray(0, ready + READY_BYTES), lastWords()]));
    });
  }
}

describe('the connections of read models', () => {
  let database: TestDatabase;
  let way: WayToServer;
  let source: DataSource;

  beforeAll(async () => {
    database = await testDatabase();
    way = new WayToServer(database.url);
    const options = readModelOptions({ url: await way.open(), schema: 'public', entities: [], migrations: [] });
    source = await new DataSource(options).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await way.close();
    await database.drop();
  });

  it('fail the statement alone for which they are made when the server ends them at once', async () => {
    const inUse = source.createQueryRunner();
    await inUse.connect(); // so that the next statement needs a connection of its own
    way.isDeadly = true;
    await expect(source.query('SELECT 1')).rejects.toThrow(/terminat|not queryable/);
    way.isDeadly = false;
    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await inUse.release();
  });
});
