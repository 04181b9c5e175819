import { fork, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { timed } from './ten-steps.mjs';

const PATIENCE_MS = 60_000;

/** Restate's server with its defaults (the log is synced to disk), a service process, and this process as the HTTP client. */
export async function openRestate() {
  const folder = await mkdtemp(join(tmpdir(), 'runledger-bench-restate-'));
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  const server = await startServer(folder, { ingress, admin, node });
  const service = fork(new URL('restate.service.mjs', import.meta.url));
  const { port } = await new Promise((resolve, reject) => {
    service.once('message', resolve);
    service.once('exit', code => reject(new Error(`The Restate service ended with ${code}.`)));
  });
  const base = `http://127.0.0.1:${admin}`;
  await eventually(async () => (await fetch(`${base}/health`)).ok, server);
  await eventually(
    async () =>
      (
        await fetch(`${base}/deployments`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
        })
      ).ok,
    server,
  );
  const call = async () => {
    const response = await fetch(`http://127.0.0.1:${ingress}/bench/tenSteps`, { method: 'POST' });
    const body = await response.text();
    if (!response.ok) throw new Error(`Restate answered ${response.status}: ${body.slice(0, 500)}`);
  };
  return {
    runMany: (runs, inFlight) => timed(runs, inFlight, call),
    close: async () => {
      service.removeAllListeners('exit');
      await ended(service, () => service.disconnect());
      await ended(server.child, () => server.child.kill('SIGKILL'));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(folder, { ingress, admin, node }) {
  const child = spawn(await serverProgram(), ['--base-dir', folder, '--no-logo', '--listen-mode', 'tcp'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DO_NOT_TRACK: '1',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    },
  });
  const server = { child, said: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', text => (server.said = `${server.said}${text}`.slice(-4_000)));
  }
  return server;
}

/** The program of this platform, out of the package that brings it. */
async function serverProgram() {
  const name = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  const folder = fileURLToPath(new URL(`node_modules/${name}/`, import.meta.url));
  await readFile(join(folder, 'package.json')).catch(() => {
    throw new Error(`There is no Restate server for ${process.platform} on ${process.arch}.`);
  });
  return join(folder, 'bin', 'restate-server');
}

async function eventually(holds, server) {
  const until = performance.now() + PATIENCE_MS;
  while (!(await holds().catch(() => false))) {
    if (server.child.exitCode !== null || performance.now() > until) {
      throw new Error(`Restate's server did not get ready. It said:\n${server.said}`);
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

async function ended(child, end) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise(resolve => child.once('exit', resolve));
  end();
  await exit;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
