/**
 * The small trusted program around one call, in POSIX shell so that it starts in a millisecond. It joins the control
 * groups, runs the launcher, and spools both channels to files of the journal, so that what a call did is complete on
 * disk whatever becomes of the service: `ended` appears only after the tree is gone and its last byte is spooled (R2).
 *
 * Descriptors: 0 the call's stdin, 3 bwrap's arguments, 4 its seccomp program, 5 its status file, 6 the lifeline.
 * The service holds the other end of the lifeline: when it dies or lets go, `read` returns, the launcher's parent is
 * killed, and `--die-with-parent` takes the whole tree with it. The spoolers outlive that by the last bytes.
 *
 * Arguments: journal directory; most 512-byte blocks per channel; uid that owns the pipes, or empty; `cgroup.procs`
 * files to join, blank-separated; `record` when the launcher writes no status itself; most open files; most blocks of one
 * file, or empty; then the launcher. A limit that is lower already stays.
 */
export const supervisorScript = `
dir=$1; blocks=$2; owner=$3; groups=$4; record=$5; files=$6; size=$7; shift 7
unset PWD OLDPWD
read -r stat </proc/self/stat
echo "$stat" >"$dir/owner"
{
  {
    read -r self rest </proc/self/stat
    { read -r line <&6; kill -KILL "$self"; } >/dev/null 2>&1 3<&- 4<&- 5>&- 7>&- &
    life=$!
    (
      if [ -n "$owner" ]; then chown "$owner" /proc/self/fd/1 /proc/self/fd/2 & fi
      for group in $groups; do echo 0 >"$group" || exit 125; done
      [ -z "$owner" ] || wait "$!" || exit 125
      ulimit -c 0
      ulimit -n "$files"
      [ -z "$size" ] || ulimit -f "$size"
      exec "$@" 6<&- 7>&-
    ) 2>&7
    code=$?
    [ -z "$record" ] || echo "{ \\"exit-code\\": $code }" >>"$dir/status"
    kill "$life"
    wait "$life"
  } 2>/dev/null | ( ulimit -f "$blocks"; exec cat >>"$dir/stdout" 7>&- )
} 7>&1 | ( ulimit -f "$blocks"; exec cat >>"$dir/stderr" )
: >"$dir/ended"
`;
