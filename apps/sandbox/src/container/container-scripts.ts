/** Where a container keeps what is known of its calls; on a volume that only this sandbox sees. */
export const CALLS_DIRECTORY = '/run/runledger';
/** What an image must bring. */
const NEEDED_PROGRAMS = ['sh', 'env', 'grep', 'tee', 'head', 'cat', 'rm', 'mv'];

/**
 * The container's first program: waits for the one order that must work also where no process can be started any more. Only
 * whoever may attach to it from outside can give it.
 */
export const KEEPER = `
trap '' TERM INT HUP
while :; do
  while read -r order; do
    case $order in kill) kill -9 -1 ;; esac
  done
  sleep 1
done
`;

/** `$mark` names the call: every process of it that was not made to forget has it in its environment. */
const SWEEP = `
dir=${CALLS_DIRECTORY}
marked() {
  pids=
  for file in $(grep -ls "RUNLEDGER_CALL=$mark" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}; pids="$pids \${pid%/environ}"
  done
}
sweep() {
  round=0
  while marked; [ -n "$pids" ] && [ "$round" -lt 100 ]; do
    kill -s KILL $pids 2>/dev/null
    round=$((round + 1))
  done
}
`;

/**
 * Around one call, inside. The other end of its standard input is held by the service: when that breaks, the call is killed,
 * unless the program itself reads it. When the program has ended, what it left is killed, and only then, with all output
 * spooled, is its end written down, so that it is known whatever became of the service (R2). Output passes on as it comes.
 *
 * Arguments: mark; `none`, `open` or the number of bytes of its standard input; directory; most open files; most 512-byte
 * blocks of one file; `yes` to spool; marks of calls that are not asked for any more; then the program.
 */
export const CALL = `${SWEEP}
mark=$1; input=$2; cwd=$3; files=$4; blocks=$5; spool=$6; old=$7; shift 7
for gone in $mark $old; do rm -f "$dir/$gone".*; done
ulimit -c 0; ulimit -n "$files" 2>/dev/null; ulimit -f "$blocks" 2>/dev/null
cd -- "$cwd" || exit 126
exec 3<&0 6>&2
life=
case $input in
  open) exec 4<&3 ;;
  none) exec 4</dev/null ;;
  *) head -c "$input" <&3 >"$dir/$mark.in" || exit 126; exec 4<"$dir/$mark.in"; rm -f "$dir/$mark.in" ;;
esac
if [ "$input" != open ]; then
  ( exec >/dev/null 2>&1 4<&- 6>&-; while read -r line <&3; do :; done; : >"$dir/$mark.lost"; sweep ) &
  life=$!
fi
exec 3<&- </dev/null
oom() {
  kills=0
  for file in /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events; do
    [ ! -r "$file" ] || while read -r key count; do [ "$key" != oom_kill ] || kills=$count; done <"$file"
  done
}
run() {
  oom; before=$kills
  env "RUNLEDGER_CALL=$mark" "$@" <&4 4<&- 6>&-
  code=$?
  [ -z "$life" ] || kill "$life" 2>/dev/null
  sweep 2>/dev/null; oom
  echo "$code $((kills - before))" >"$dir/$mark.code"
}
if [ "$spool" = yes ]; then
  { { run "$@" 2>&1 >&5 5>&- | tee "$dir/$mark.err" >&6 5>&-; } 5>&1 | tee "$dir/$mark.out" 6>&-; }
else
  run "$@"
fi
read -r code kills <"$dir/$mark.code"
[ -e "$dir/$mark.lost" ] || [ "$spool" != yes ] || mv "$dir/$mark.code" "$dir/$mark.end"
exit "\${code:-125}"
`;

/** Arguments: mark; TERM to ask, KILL to make sure. */
export const STOP = `${SWEEP}
mark=$1
case $2 in TERM) marked; [ -z "$pids" ] || kill -s TERM $pids ;; *) sweep ;; esac
`;

/** After an end that is not plain success: kills what is left, and says "exit code, kills for want of memory". */
export const REPORT = `${SWEEP}
mark=$1
sweep 2>/dev/null
cat "$dir/$mark.end" "$dir/$mark.code" 2>/dev/null
exit 0
`;

/** Says how a call ended that an earlier process began; one that has not ended is killed first, and says nothing. */
export const SETTLE = `${SWEEP}
mark=$1
[ -e "$dir/$mark.end" ] || { : >"$dir/$mark.lost"; sweep; exit 0; }
cat "$dir/$mark.end"
`;

/** Arguments: mark; \`out\` or \`err\`; most bytes. */
export const SPOOLED = `head -c "$3" -- "${CALLS_DIRECTORY}/$1.$2"`;

/** Names every needed program that is not there, every way out that is open, and says `proven`. */
export const CONTAINER_PROBE = `
for name in ${NEEDED_PROGRAMS.join(' ')}; do command -v "$name" >/dev/null || echo "missing $name"; done
[ -w ${CALLS_DIRECTORY} ] || echo "open ${CALLS_DIRECTORY} cannot be written"
[ -w /tmp ] || echo 'missing a /tmp of mode 1777'
[ -w /workspace ] || echo 'open /workspace cannot be written'
pattern=$(cat /proc/sys/kernel/core_pattern 2>/dev/null)
{ printf '%s\\n' "$pattern" >/proc/sys/kernel/core_pattern; } 2>/dev/null && echo 'open kernel settings can be written'
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status || echo 'open capabilities are left'
grep -q '^CapBnd:[[:space:]]*0*$' /proc/self/status || echo 'open capabilities can be gained'
[ "$1" != runc ] || {
  grep -q '^Seccomp:[[:space:]]*2' /proc/self/status || echo 'open system calls are not filtered'
  grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status || echo 'open privileges can be gained'
}
[ "$2" != none ] || [ "$(grep -c : /proc/net/dev)" -eq 1 ] || echo 'open there is a network interface'
{ true >/.proof; } 2>/dev/null && echo 'open the root can be written'
grep -q '^Uid:[[:space:]]*0' /proc/self/status && echo 'open it runs as root'
echo proven
`;
