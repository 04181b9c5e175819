import type { ArtifactRow } from '../artifacts/artifacts.entity.js';

const LONGEST_PART = 200;
/** Names that Windows keeps for devices, whatever follows their first dot. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
// eslint-disable-next-line no-control-regex -- control characters are what must not be in a name
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"\\|?*\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Names for files in an archive that people unpack anywhere: `<step>/<path>`, those of earlier attempts below
 * `<step>/attempt-<n>/`. Paths come from agents: no name climbs, means a device, hides its ending or differs from another in case
 * alone (S1).
 */
export function zipNames<Row extends Pick<ArtifactRow, 'step' | 'attempt' | 'path'>>(
  rows: readonly Row[],
): readonly (readonly [name: string, row: Row])[] {
  const newest = new Map<string, number>();
  for (const { step, attempt } of rows) newest.set(step, Math.max(attempt, newest.get(step) ?? 0));
  const taken = new Set<string>();
  return rows.map(row => {
    const folder = row.attempt === newest.get(row.step) ? [] : [`attempt-${row.attempt}`];
    const name = [row.step, ...folder, ...row.path.split('/').filter(isName).map(safePart)].join('/');
    return [unique(name, taken), row] as const;
  });
}

function isName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..';
}

function safePart(part: string): string {
  const clean = part
    .replace(FORBIDDEN, '_')
    .slice(0, LONGEST_PART)
    .replace(/[. ]+$/, '_');
  return DEVICE.test(clean) ? `_${clean}` : clean;
}

function unique(name: string, taken: Set<string>): string {
  const cut = name.lastIndexOf('.') > name.lastIndexOf('/') + 1 ? name.lastIndexOf('.') : name.length;
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? name : `${name.slice(0, cut)} (${n})${name.slice(cut)}`;
    const key = candidate.normalize('NFC').toLowerCase();
    if (taken.has(key)) continue;
    taken.add(key);
    return candidate;
  }
}
