import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  status: number;
  body: unknown;
}

/** What an object was locked with. */
export interface Lock {
  readonly mode: string | undefined;
  readonly until: string | undefined;
}

/** A bucket with object lock: the S3 double, which knows nothing of locks, behind the rules that S3 has for them. */
export async function lockingBucket() {
  const directory = mkdtempSync(join(tmpdir(), 'runledger-checkpoints-'));
  const locks = new Map<string, Lock>();
  let away = false;
  const server = new S3rver({
    ...{ port: 0, address: '127.0.0.1', silent: true, directory },
    configureBuckets: [{ name: 'witness', configs: [] }],
  });
  const rules = async (request: Request, next: () => Promise<void>) => {
    const { method, path, headers } = request;
    const mode = headers['x-amz-object-lock-mode'];
    const refused = (status: number) => void Object.assign(request, { status, body: '' });
    if (away) return refused(503);
    if (['PUT', 'DELETE'].includes(method) && locks.has(path)) return refused(403);
    if (mode !== undefined && headers['content-md5'] === undefined) return refused(400);
    await next();
    if (method === 'PUT' && mode !== undefined)
      locks.set(path, { mode, until: headers['x-amz-object-lock-retain-until-date'] });
  };
  (server as unknown as { middleware: unknown[] }).middleware.unshift(rules);
  const { port } = await server.run();
  return {
    settings: {
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
      retainDays: 30,
    },
    locks,
    goAway: (isAway: boolean) => (away = isAway),
    close: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
