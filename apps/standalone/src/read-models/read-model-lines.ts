import type { ProjectionListing, RebuildProgress, RebuildReport, VerifyReport } from '@runledger/projections';

/** Of the projections that there are: `notification-channels`. */
const LONGEST_NAME = 21;

/** One line per projection, for people. */
export function listingLine(listing: ProjectionListing): string {
  const { name, version, state, position, lag, rowsVersion, fault, rebuiltAt, rebuild } = listing;
  const notes = [
    rowsVersion === undefined ? undefined : `rows of version ${rowsVersion}`,
    fault && `stopped at ${fault.eventType}, position ${fault.position}: ${fault.message}`,
    rebuild && `a rebuild is at ${rebuild.position}`,
    rebuiltAt && `rebuilt ${rebuiltAt}`,
  ].filter(note => note !== undefined);
  const facts = `${name.padEnd(LONGEST_NAME)} v${version}  ${state.padEnd(17)} at ${position}, ${lag} behind`;
  return [facts, ...notes].join('; ');
}

export function progressLine({ projection, position, head, eventsPerSecond, etaMs }: RebuildProgress): string {
  const seconds = Math.ceil(etaMs / 1_000);
  return `${projection}: ${position} of ${head}, ${Math.round(eventsPerSecond)} events/s, about ${seconds} s to go`;
}

export function rebuiltLine({ projection, position, events, tookMs, resumed, left }: RebuildReport): string {
  const how = resumed ? 'went on with an interrupted rebuild and ' : '';
  const leftover = left === undefined ? '' : `; the old tables stay in ${left}, because something depends on them`;
  return `${projection}: ${how}applied ${events} events in ${(tookMs / 1_000).toFixed(1)} s; its rows stand at ${position}${leftover}`;
}

/** One line per table, and one per row that differs. */
export function verifiedLines({ projection, position, tables }: VerifyReport): string[] {
  return tables.flatMap(({ table, live, rebuilt, differing, differences }) => {
    const facts = `${projection}: ${table}, ${live.rows} rows up to position ${position}, ${live.digest.slice(0, 16)}`;
    if (differing === 0) return [`${facts}  equal`];
    const rows = differences.map(({ key, kind, columns = [] }) => {
      const shown = columns.map(({ name, live: is, rebuilt: must }) => `${name} is ${is}, and must be ${must}`);
      return `  ${kind} ${key}${shown.length === 0 ? '' : `: ${shown.join('; ')}`}`;
    });
    return [`${facts}  DIFFERS in ${differing} rows from its rebuild (${rebuilt.rows} rows)`, ...rows];
  });
}
