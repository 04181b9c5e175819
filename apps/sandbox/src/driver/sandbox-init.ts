/** Names that a shell takes for its own commands; a program of that name is started through `env`. */
const SHELL_WORDS = new Set(
  (
    '! . : [ [[ { } alias bg bind break builtin caller case cd chdir command compgen complete continue declare dirs disown do ' +
    'done echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help history if in jobs ' +
    'kill let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source ' +
    'suspend test then time times trap true type typeset ulimit umask unalias unset until wait while'
  ).split(' '),
);

const RUN = '"$@"; exit "$?"';
/** One of the two letters is "processes" in every shell; in the wrong one the first would mean something else or fail. */
const LIMIT = '(ulimit -u "$0") 2>/dev/null && ulimit -u "$0" || ulimit -p "$0"; ';

/**
 * Process 1 of a call's namespace, and the call's program below it. bwrap's own process 1 would be left behind as a zombie
 * when bwrap ends, to be reaped by the machine's process 1, which in a container is often nobody, and zombies count
 * towards the limits. This one is waited for, so when the exit code is written, the kernel has ended everything in the
 * namespace. A signal that ended the program becomes 128 and its number.
 *
 * `processes` limits the call's own user namespace, where processes outside do not count even if they share the uid.
 */
export function initOf([program, ...argv]: readonly [string, ...string[]], processes?: number): string[] {
  const started = SHELL_WORDS.has(program) || program.includes('=') ? ['/usr/bin/env', '--', program] : [program];
  const init = processes === undefined ? [RUN, 'init'] : [LIMIT + RUN, String(processes)];
  return ['/bin/sh', '-c', ...init, ...started, ...argv];
}
