/**
 * The file tools that need no more than bash: a program for Node takes 40 ms to begin, a script one. They get their
 * arguments as `$1`, `$2`, …, print the result, and say on stderr with exit code 1 what went wrong. They see what the
 * sandbox sees and nothing else (S1).
 *
 * To them everything is bytes, so text passes in whatever encoding. No path is taken for an option: one that is
 * relative gets `./` in front.
 */
export const PREAMBLE = `
LC_ALL=C; path=$1; file=$1
case $file in /*) ;; *) file=./$file ;; esac
refuse() { printf '%s\\n' "$1" >&2; exit 1; }
# $1 what was tried, $2 what the system said
cannot() {
  case $2 in
    *': No such file or directory') reason='there is no such file or directory' ;;
    *': Is a directory') reason='it is a directory' ;;
    *': Not a directory' | *': File exists') reason='a part of the path is not a directory' ;;
    *': Permission denied') reason='permission denied' ;;
    *': Read-only file system') reason='it is read-only here' ;;
    *': No space left on device') reason='the disk is full' ;;
    *': Too many levels of symbolic links') reason='too many links' ;;
    *) reason=\${2##*: } ;;
  esac
  refuse "Cannot $1 $path: $reason"
}
`;

/** `$1` path, `$2` first line, counted from 1, `$3` most lines. */
export const READ_FILE = `${PREAMBLE}
[ ! -d "$file" ] || refuse "Cannot read $path: it is a directory"
[ ! -e "$file" ] || [ -f "$file" ] || refuse "Cannot read $path: it is not a file"
{ exec 3<"$file"; } 2>/dev/null || cannot read "$({ exec 3<"$file"; } 2>&1)"
IFS= read -r -d '' -n 8192 head <&3 && [ "\${#head}" -lt 8192 ] && refuse "Cannot read $path: it is not a text file"
exec 3<&-
skip=$(($2 - 1)); most=$3
mapfile -t -s "$skip" -n "$((most + 1))" lines <"$file"
count_lines() { total=$(wc -l <"$file"); [ -z "$(tail -c 1 -- "$file")" ] || total=$((total + 1)); }
if [ "\${#lines[@]}" -eq 0 ]; then
  [ "$skip" -gt 0 ] || exit 0
  count_lines
  refuse "Cannot read from line $2: $path has $((total)) lines"
fi
printf '%s\\n' "\${lines[@]:0:most}"
[ "\${#lines[@]}" -gt "$most" ] || exit 0
count_lines
printf '[%s more lines; go on with offset %s]\\n' "$((total - skip - most))" "$((skip + most + 1))"
`;

/** `$1` path, `$2` size in bytes; the content comes on stdin. */
export const WRITE_FILE = `${PREAMBLE}
directory=\${file%/*}/
[ -d "$directory" ] || said=$(mkdir -p -- "$directory" 2>&1) || cannot write "$said"
said=$({ cat >"$file"; } 2>&1) || cannot write "$said"
printf 'Wrote %s bytes to %s.\\n' "$2" "$path"
`;

/** `$1` path, `$2` how deep to go. */
export const LIST_FILES = `${PREAMBLE}
shopt -s dotglob nullglob
most=2000; depth=$2; found=()
cd -- "$file" 2>/dev/null || cannot list "$(cd -- "$file" 2>&1)"
[ -r . ] || refuse "Cannot list $path: permission denied"
# $1 what stands before each name, $2 how deep this is
walk() {
  local entry name
  for entry in "./$1"*; do
    [ "\${#found[@]}" -le "$most" ] || return 0
    name=\${entry#./}
    if [ -d "$entry" ] && [ ! -L "$entry" ]; then
      found+=("$name/")
      [ "\${name##*/}" = .git ] || [ "$2" -eq "$depth" ] || walk "$name/" "$(($2 + 1))"
    else
      found+=("$name")
    fi
  done
}
walk '' 1
[ "\${#found[@]}" -gt 0 ] || { echo '(empty)'; exit 0; }
printf '%s\\n' "\${found[@]:0:most}"
[ "\${#found[@]}" -le "$most" ] || echo "[more than $most entries; list a directory below]"
`;
