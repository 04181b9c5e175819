import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** Milliseconds, or text such as `90s`, `10m`, `1h30m`, `2d`; its bounds are checked by `durationProblems`. */
export function duration(least: number, most: number) {
  const rule = `a duration such as \`90s\`, \`10m\` or \`1h30m\`, or whole milliseconds from ${least} to ${most}`;
  return z.union([z.int().min(least).max(most), z.string().regex(DURATION, rule)], { error: rule });
}

/** Milliseconds of a duration as written; undefined when it is none. */
export function readDuration(written: unknown): number | undefined {
  if (typeof written === 'number') return written;
  if (typeof written !== 'string' || !DURATION.test(written)) return undefined;
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0));
}

/** Like {@link readDuration}, for what the schema has accepted. */
export function durationMs(written: string | number): number {
  return readDuration(written) ?? 0;
}

/** The bound in the largest unit that says it in whole numbers. */
export function durationText(ms: number): string {
  const unit = Object.entries(UNITS).findLast(([, size]) => ms >= size && ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}
