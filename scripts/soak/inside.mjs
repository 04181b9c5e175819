import { once } from 'node:events';
import { join } from 'node:path';

/** What is loaded into the platform to measure it. */
export const PROBE = join(import.meta.dirname, 'probe.mjs');

/** Has the probe measure from now on; answered by the function that is returned. */
export function watchInside(platform) {
  platform.send('begin');
  return async () => {
    const answered = once(platform, 'message');
    platform.send('read');
    const [figures] = await answered;
    return figures;
  };
}
