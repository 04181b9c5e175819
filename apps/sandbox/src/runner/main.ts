import { setTimeout as delay } from 'node:timers/promises';
import { serveRunner } from './serve-runner.js';

/** `node runner/main.js <directory>`: a process that holds the loop of one attempt. */
async function main(path: string): Promise<void> {
  const runner = await serveRunner(path);
  await delay(REHEARSE_AFTER_MS);
  if (!runner.begun) await rehearse();
}

/** One that nobody had ready is told to begin before. */
const REHEARSE_AFTER_MS = 50;

/** What goes wrong here goes wrong again where somebody hears of it. */
async function rehearse(): Promise<void> {
  const { rehearseAgent } = await import('./rehearsal.js');
  await rehearseAgent().catch((error: unknown) => console.error(error));
}

await main(process.argv[2] ?? '.');
