import { PREAMBLE } from './tool-scripts.js';

/**
 * `$1` path, `$2` pattern, `$3` glob or empty, `$4` `i` or empty, `$5` most lines. With ripgrep where it is installed, else
 * with grep: both are told to look at the same files, so that what is found does not depend on the machine.
 */
export const SEARCH_FILES = `${PREAMBLE}
pattern=$2; glob=$3; case=$4; most=$5
[ -e "$file" ] || refuse "Cannot search $path: there is no such file or directory"
if command -v rg >/dev/null 2>&1; then
  options=(--no-config --no-messages --no-heading --no-ignore --hidden --color never -n -H --max-columns 4096 --max-columns-preview)
  options+=(--glob '!.git' --glob '!node_modules')
  [ -z "$case" ] || options+=(-i)
  [ -z "$glob" ] || options+=(--glob "$glob")
  match() { rg "\${options[@]}" -e "$pattern" -- "$1"; }
else
  options=(-r -s -I -n -H -E --color=never --exclude-dir=.git --exclude-dir=node_modules)
  [ -z "$case" ] || options+=(-i)
  [ -z "$glob" ] || options+=(--include="$glob")
  match() { grep "\${options[@]}" -e "$pattern" -- "$1"; }
fi
said=$(match /dev/null 2>&1); [ "$?" -le 1 ] || refuse "Cannot search for this pattern: \${said##*: }"
prefix=
if [ -d "$file" ]; then
  cd -- "$file" 2>/dev/null || cannot search "$(cd -- "$file" 2>&1)"
  [ "$path" = . ] || prefix=\${path%/}/
  file=.
fi
mapfile -t -n "$((most + 1))" found < <(match "$file" 2>/dev/null | cut -b 1-600)
[ "\${#found[@]}" -gt 0 ] || { echo '(nothing found)'; exit 0; }
for line in "\${found[@]:0:most}"; do printf '%s\\n' "$prefix\${line#./}"; done
[ "\${#found[@]}" -le "$most" ] || echo "[more than $most lines; search for something narrower]"
`;
