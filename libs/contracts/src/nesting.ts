/**
 * Levels of lists and objects in what runs are started with and steps hand on. What goes deeper no expression reads, and whoever checks,
 * stores or shows it would run out of stack some day.
 */
export const MAX_LEVELS = 200;

/** Whether a value has lists or objects within each other on more levels than that; `[]` has one. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some(member => isDeeperThan(member, levels - 1));
}
