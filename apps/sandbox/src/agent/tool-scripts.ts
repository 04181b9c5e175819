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

/** What an agent is shown of one call without a gap (its output keeps 64 KiB) less what is said about the rest. */
export const READ_BYTES = 65_000;

/**
 * `$1` path, `$2` first line, counted from 1, `$3` most lines. Fewer lines where they are long, so that the agent sees all that it is given and
 * goes on behind that; of a line that is too long by itself, as of data or of bundled programs, the beginning.
 */
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
shown=("\${lines[@]:0:most}"); fits=\${#shown[@]}
text=\${shown[*]}
if [ "\${#text}" -ge ${READ_BYTES} ]; then
  fits=0; size=0
  for line in "\${shown[@]}"; do
    size=$((size + \${#line} + 1))
    [ "$size" -le ${READ_BYTES} ] || break
    fits=$((fits + 1))
  done
fi
if [ "$fits" -eq 0 ]; then
  fits=1
  printf '%s\\n[line %s has %s bytes; the rest of it is not shown]\\n' "\${shown[0]:0:${READ_BYTES}}" "$2" "\${#shown[0]}"
else
  printf '%s\\n' "\${shown[@]:0:fits}"
fi
[ "\${#lines[@]}" -gt "$fits" ] || exit 0
most=$fits
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

/** `$1` path, `$2` how deep to go. A name with line breaks or other control characters is shown as bash writes it: `$'a\\nb'`. */
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
for name in "\${found[@]:0:most}"; do
  case $name in *[[:cntrl:]]*) printf '%q\\n' "$name" ;; *) printf '%s\\n' "$name" ;; esac
done
[ "\${#found[@]}" -le "$most" ] || echo "[more than $most entries; list a directory below]"
`;
