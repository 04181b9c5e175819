/**
 * Makes this checkout ready: installs the packages that package-lock.json names, finds or installs the sandbox program, and
 * with --build compiles what changed. Says what it does; says nothing when there is nothing to do. Runs on plain Node 20
 * with nothing installed.
 *
 *   node scripts/prepare.mjs [--build] [--quiet]      --quiet: only failures are worth a line
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const flags = new Set(process.argv.slice(2));
/** How long nobody wonders whether anything happens. */
const SILENCE_MS = 1_000;

await main();

async function main() {
  ensureNode();
  ensurePackages();
  ensureSandbox();
  if (flags.has('--build')) await build();
}

function say(line) {
  if (!flags.has('--quiet')) console.error(line);
}

function fail(line) {
  console.error(line);
  process.exit(1);
}

function ensureNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`This is Node ${process.versions.node}; Runledger needs 20.19 or newer to install itself: https://nodejs.org`);
}

function ensurePackages() {
  const reason = whyInstall();
  if (!reason) return;
  console.error(`Installing packages (npm ci): ${reason}. This takes about a minute.`);
  const npm = spawnSync(
    'npm',
    ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  );
  if (npm.status !== 0) fail('npm ci failed; what it said is above. Without packages nothing can start.');
  const still = whyInstall();
  if (still) fail(`npm ci ended well, yet ${still}. Remove node_modules and try again.`);
}

/** Compares what npm says it installed with what the lock file asks for; undefined when they agree. */
function whyInstall() {
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const record = join(root, 'node_modules', '.package-lock.json'); // npm writes it last, so it is absent after an interruption
  if (!existsSync(record)) return 'none are installed';
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/') || entry.optional || entry.peer || entry.extraneous) continue;
    if (!installed[path]) return `${path.slice('node_modules/'.length)} is missing`;
    if (installed[path].version !== entry.version || (installed[path].link ?? false) !== (entry.link ?? false)) {
      return `${path.slice('node_modules/'.length)} is not the version that package-lock.json names`;
    }
  }
  const stale = Object.keys(installed).find(path => wanted[path] && wanted[path].version !== installed[path].version);
  return stale && `${stale.slice('node_modules/'.length)} is not the version that package-lock.json names`;
}

/** Steps run inside bubblewrap on Linux. Its absence stops no part of the platform but the sandbox, which says so itself. */
function ensureSandbox() {
  if (process.platform !== 'linux' || isOnPath('bwrap')) return;
  const isAdministrator = process.getuid() === 0;
  if (!isAdministrator || !isOnPath('apt-get')) {
    console.error(
      'Steps run inside bubblewrap, which is not installed. Install it once: sudo apt-get install bubblewrap',
    );
    return;
  }
  console.error('Installing bubblewrap (apt-get), in which steps run.');
  const install = () => apt('install', '--yes', '--no-install-recommends', 'bubblewrap');
  if (install() || (apt('update') && install())) return;
  console.error('bubblewrap could not be installed; steps cannot run until it is: apt-get install bubblewrap');
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['--quiet=2', ...args], { env, stdio: ['ignore', 'ignore', 2] }).status === 0;
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some(folder => folder && existsSync(join(folder, program)));
}

async function build() {
  const { compile } = await import('./compile.mjs');
  const began = performance.now();
  const notice = setTimeout(() => say('Compiling what has changed …'), SILENCE_MS);
  try {
    const written = await compile();
    clearTimeout(notice);
    if (written > 0)
      say(`Compiled ${written} ${written === 1 ? 'file' : 'files'} in ${Math.round(performance.now() - began)} ms.`);
  } catch (error) {
    fail(`The source does not compile:\n\n${error.message}`);
  }
}
