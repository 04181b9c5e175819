import type { CommandHandler } from '@runledger/event-store';
import { environmentStream } from './environment-stream.js';
import { environment } from './environment.decider.js';

export interface UnhealthyEnvironment {
  readonly name: string;
  /** One sentence for people. */
  readonly message: string;
}

/** Those of these environments that were reported not to be healthy, in the same order. */
export async function unhealthyOf(
  commands: CommandHandler,
  tenant: string,
  names: readonly string[],
): Promise<UnhealthyEnvironment[]> {
  const states = await Promise.all(
    names.map(name => commands.load(environment, { tenant, name: environmentStream(name) })),
  );
  return names.flatMap((name, index) => {
    const { health, reason = 'no reason was given' } = states[index]?.state ?? {};
    return health === 'UNHEALTHY' ? [{ name, message: `The environment ${name} is not healthy: ${reason}.` }] : [];
  });
}
