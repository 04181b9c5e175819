/** The process of the double. It lives as long as the pipe to its owner. */
import type { DoubleOrder, DoubleReport } from './double-control.js';
import { DoubleLog } from './double-log.js';
import { DoubleServer } from './double-server.js';
import type { DoubleServerOptions } from './double-server.js';

const options = JSON.parse(process.argv[2] ?? '{}') as DoubleServerOptions & { readonly remembersIds?: boolean };
const server = new DoubleServer(new DoubleLog(options), options);

process.on('disconnect', () => process.exit(0));
process.on('message', (order: DoubleOrder) => {
  obey(order).then(
    result => report({ id: order.id, result }),
    (error: unknown) => report({ id: order.id, failure: String(error) }),
  );
});
try {
  report({ listening: await server.listen() });
} catch (error) {
  process.stderr.write(`The double cannot listen: ${(error as Error).message}.\n`);
  process.exit(1);
}

async function obey(order: DoubleOrder): Promise<unknown> {
  switch (order.order) {
    case 'inject':
      return server.faults.push(...order.faults);
    case 'restart':
      return server.restart(order.options);
    case 'drop-subscriptions':
      return server.dropSubscriptions();
    case 'calls':
      return server.calls;
  }
}

function report(message: DoubleReport): void {
  process.send?.(message);
}
