import { setTimeout as delay } from 'node:timers/promises';
import { startupSnapshot } from 'node:v8';
import { rehearseAgent } from './rehearsal.js';
import { serveRunner } from './serve-runner.js';
import { forgetCompiled, standIn } from './snapshot-stage.js';

/**
 * Run once, by `node --build-snapshot`: what is in memory when it ends is what every runner starts with. So a runner reads, compiles and
 * rehearses nothing: that was done here. Nothing in it may be of one machine, one moment or chance.
 */
async function prepare(): Promise<void> {
  const putBack = standIn();
  startupSnapshot.setDeserializeMainFunction(() => {
    putBack();
    void serveRunner(process.argv[2] ?? '.');
  });
  await rehearseAgent();
  forgetCompiled();
  await rehearseAgent(); // what is compiled for it is what the snapshot holds of compiled code
  await delay(SETTLES_MS);
}

/** Node.js remembers when its next timer is due, and it has to be one of this process: a last one that fires leaves none due. */
const SETTLES_MS = 100;

void prepare();
