import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CannotListenError } from './start-errors.js';

/** Listens, and says where. On the server itself: Nest would log a taken port as well as throw it. */
export async function listen(
  app: NestFastifyApplication,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<string> {
  await app.init();
  const url = await orCannotListen(app.getHttpAdapter().getInstance().listen({ port, host }), { port, host });
  return url.replace('[::1]', '127.0.0.1');
}

/** Throws {@link CannotListenError} for what sockets fail with. */
export async function orCannotListen<T>(
  listening: Promise<T>,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const isOfTheSocket = (error as NodeJS.ErrnoException).syscall !== undefined;
    throw isOfTheSocket ? new CannotListenError(host, port, error as NodeJS.ErrnoException) : error;
  }
}
