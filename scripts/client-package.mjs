/**
 * Makes `libs/client/dist` what other projects take: the JavaScript, and its types beside it. `npm pack` in libs/client runs it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compile } from './compile.mjs';

const root = join(import.meta.dirname, '..');

await compile([join('libs', 'client')]);
const compiler = join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
const project = join(root, 'libs', 'client', 'tsconfig.package.json');
const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: ['ignore', 2, 2] });
if (status !== 0) throw new Error('The types of libs/client could not be written; what the compiler said is above.');
