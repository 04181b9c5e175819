import { priceList, PRICE_LIST, RateCards } from '@runledger/billing';
import type { SeededRateCard } from '@runledger/billing';
import { CommandHandler, START } from '@runledger/event-store';
import type { EventStore } from '@runledger/event-store';
import { servicePool, systemClock } from '@runledger/platform';
import { print } from './database/run-database-command.js';
import { openReadableLog } from './readable-log.js';

const PAGE = 500;

/** Brings the rate cards of workspaces, or of one, to the prices of this release, beside a running platform or without one. */
export async function seedPrices(
  url: string,
  { workspace, leftOut }: { readonly workspace: string | undefined; readonly leftOut: boolean },
): Promise<void> {
  print(`Prices of ${PRICE_LIST}`);
  if (leftOut) for (const { what, why } of priceList().leftOut) print(`  not taken: ${what}: ${why}`);
  await withLog(url, async store => {
    const rateCards = new RateCards(new CommandHandler(store), systemClock);
    const found = await workspacesIn(store);
    const wanted = found.filter(id => workspace === undefined || id === workspace);
    for (const id of wanted) for (const line of linesOf(id, await rateCards.seed(id))) print(line);
    if (wanted.length > 0) return;
    process.stderr.write(
      workspace === undefined ? 'There is no workspace.\n' : `There is no workspace ${workspace}.\n`,
    );
    process.exitCode = 1;
  });
}

function linesOf(workspaceId: string, seeded: SeededRateCard): string[] {
  switch (seeded.status) {
    case 'OWN_CARD':
      return [`${workspaceId}: has a card of its own, which stays as it is`];
    case 'UP_TO_DATE':
      return [`${workspaceId}: has these prices`];
    case 'SEEDED':
      return seeded.published.map(
        ({ version, effectiveFrom, card }) =>
          `${workspaceId}: version ${version} holds from ${effectiveFrom}, with ${card.models.length} prices of models`,
      );
  }
}

async function workspacesIn(store: EventStore): Promise<string[]> {
  const found = new Set<string>();
  for (let after = START; ;) {
    const slice = await store.readAll({ after, types: ['WorkspaceCreated'], limit: PAGE });
    for (const { tenant } of slice.events) found.add(tenant);
    if (slice.caughtUp) return [...found];
    after = slice.scannedTo;
  }
}

async function withLog(url: string, work: (store: EventStore) => Promise<void>): Promise<void> {
  const pool = servicePool({ connectionString: url, max: 2, application_name: 'runledger billing' });
  try {
    const { store } = await openReadableLog(url, pool);
    await work(store).finally(() => store.close());
  } finally {
    await pool.end();
  }
}
