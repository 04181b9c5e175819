import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { probePort } from '../processes/lasting-ports.js';
import type { ClusterFolder } from './cluster.js';

/**
 * The port that the server had when it last ran, if that is free: whoever knew its address finds it there again. PostgreSQL
 * itself notes with which settings it was started.
 */
export async function lastPort({ cluster }: ClusterFolder): Promise<number | undefined> {
  const settings = await readFile(join(cluster, 'postmaster.opts'), 'utf8').catch(() => ''); // never started before
  const [, port] = /"port=(\d{1,5})"/.exec(settings) ?? [];
  if (port === undefined) return undefined;
  return probePort(Number(port), '127.0.0.1').then(
    () => Number(port),
    () => undefined, // somebody else has it
  );
}
