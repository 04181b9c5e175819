import type { ContainerProgram } from './container-port.js';
import { IN_NODE } from './relay-in-node.js';
import { IN_PERL } from './relay-in-perl.js';
import { IN_PYTHON } from './relay-in-python.js';

/**
 * Runs inside of a pod, where nothing of ours is installed: listens on its loopback, and passes on what connects there. So it is
 * one string, in each of the languages that images have; what they say is in `relay-frames`. It holds no secret and no right.
 */
export const RELAY_PROGRAMS = { node: ['-e', IN_NODE], perl: ['-e', IN_PERL], python3: ['-c', IN_PYTHON] } as const;

/** Takes the first of them that the image has. */
const CHOOSE = `
port=$1; shift
while [ $# -gt 0 ]; do
  command -v "$1" >/dev/null 2>&1 && exec "$1" "$2" "$3" "$port"
  shift 3
done
exit 127
`;
/** With which it ends where there is none. */
export const NO_RELAY_PROGRAM = 127;

/** Port 0: any that is free. */
export function relayProgram(port: number): ContainerProgram {
  const programs = Object.entries(RELAY_PROGRAMS).flatMap(([name, words]) => [name, ...words]);
  return { argv: ['/bin/sh', '-c', CHOOSE, 'runledger-relay', String(port), ...programs], env: {} };
}
