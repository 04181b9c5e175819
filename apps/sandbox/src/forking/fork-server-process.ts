import { forkHere } from './fork-here.js';
import type { ForkReport, ForkRequest, RunOrder } from './fork-requests.js';
import type { Forked } from './forks.js';

/**
 * `node forking/fork-server-process.js`, with a channel: starts what it is asked for, and tells what becomes of it. It goes with
 * whoever started it, and the pipes that it holds break with it.
 */
const started = new Map<number, Forked>();

process.on('disconnect', () => process.exit());
// They are sent to whole groups of processes, and the service still needs it while it ends its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('message', (request: ForkRequest) => {
  const { id } = request;
  if ('letGo' in request) started.get(id)?.letGo();
  else if ('run' in request) run(id, request.run);
  else start(id, request);
});

function start(id: number, { start: order }: Extract<ForkRequest, { start: unknown }>): void {
  try {
    const forked = forkHere.start(order);
    started.set(id, forked);
    if (forked.pid !== undefined) tell({ id, pid: forked.pid });
    forked.exited
      .then(
        () => {
          forked.letGo(); // who was killed may have left others behind, and nobody can ask for it any more
          tell({ id, exited: true });
        },
        (error: unknown) => fail(id, error),
      )
      .finally(() => started.delete(id));
  } catch (error) {
    fail(id, error);
  }
}

function run(id: number, { program, argv, limitMs }: RunOrder): void {
  forkHere.run(program, argv, limitMs).then(
    ran => tell({ id, ran }),
    (error: unknown) => fail(id, error),
  );
}

function fail(id: number, error: unknown): void {
  const { message, code } = error as NodeJS.ErrnoException;
  tell({ id, failed: { message, code } });
}

/** Whoever was killed cannot be told, which may be known here only by this; then nobody is left to start anything for. */
function tell(report: ForkReport): void {
  if (!process.connected) return;
  process.send?.(report, undefined, undefined, error => {
    if (error) process.exit();
  });
}
