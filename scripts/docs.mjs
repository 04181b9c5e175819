/**
 * Keeps what people read in step with what there is: quoted files, links.
 *
 *   node scripts/docs.mjs      writes quotes anew; scripts/docs.spec.mjs checks them, and the links
 *
 * A fenced block that names a file behind its language (```yaml file=examples/x.yaml) quotes that whole file.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const QUOTE = /^(`{3,})(\w+) file=(\S+)\n([^]*?)^\1$/gm;
/** A fence ends with as many back-ticks as it began with. */
const FENCED = /^(`{3,})[^]*?^\1$/gm;

/** Every page that people read, by its path; the reference has a generator and a spec of its own. */
export function pages() {
  const patterns = ['README.md', 'CONTRIBUTING.md', 'docs/**/*.md', 'examples/**/*.md'];
  return patterns.flatMap(pattern => globSync(pattern, { cwd: root })).sort();
}

export function textOf(path) {
  return readFileSync(join(root, path), 'utf8');
}

/** The page with its quotes as they should be. */
export function refreshed(text) {
  return text.replace(
    QUOTE,
    (_block, fence, language, file) => `${fence}${language} file=${file}\n${textOf(file)}${fence}`,
  );
}

/** Files that pages quote. */
export function quotedFiles() {
  return pages().flatMap(page => [...textOf(page).matchAll(QUOTE)].map(([, , , file]) => file));
}

/** Links of a page that lead nowhere: files that are not there, headings that no heading is called. */
export function brokenLinks(page, text = textOf(page)) {
  const prose = text.replace(FENCED, '').replace(/`[^`\n]*`/g, ''); // regular expressions look like links
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return targets.filter(target => !/^[a-z]+:/.test(target) && !leadsSomewhere(page, target));
}

function leadsSomewhere(page, target) {
  const [path, anchor] = target.split('#');
  const file = path === '' ? page : relative(root, join(root, dirname(page), path));
  if (!existsSync(join(root, file))) return false;
  return !anchor || headings(textOf(file)).includes(anchor);
}

/** Anchors of a page as GitHub makes them. */
function headings(text) {
  const titles = [...text.replace(FENCED, '').matchAll(/^#+ (.+)$/gm)].map(([, title]) => title);
  return titles.map(title =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of pages()) {
    const text = textOf(page);
    const fresh = refreshed(text);
    if (fresh !== text) writeFileSync(join(root, page), fresh);
  }
}
