import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** The requests that an API is answering, so that it can finish them before it ends. Sockets are not among them: clients reconnect. */
export class RequestsUnderWay {
  #count = 0;
  #ending = false;
  #finished: () => void = () => undefined;

  /** Before the application is initialised. */
  constructor(private readonly app: NestFastifyApplication) {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', (_request, reply, done) => {
        this.#count += 1;
        reply.raw.once('close', () => this.#answered());
        if (this.#ending) void reply.header('connection', 'close');
        done();
      });
  }

  /** Takes no new connections, and waits for the answers that are under way. False when they take longer. */
  async finish(withinMs: number): Promise<boolean> {
    this.#ending = true;
    this.app.getHttpServer().close();
    if (this.#count === 0) return true;
    const late = new AbortController();
    const finished = new Promise<boolean>(resolve => (this.#finished = () => resolve(true)));
    const timeout = delay(withinMs, false, { signal: late.signal }).catch(() => false);
    return Promise.race([finished, timeout]).finally(() => late.abort());
  }

  #answered(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#finished();
  }
}
