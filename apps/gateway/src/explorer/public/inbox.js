import { follow, query } from './graphql.js';
import { INBOX, INBOX_CHANGED } from './queries.js';

const AGAIN_MS = 2_500;

/**
 * Everything that waits for this reader, oldest first, followed over one socket however many places show it. `told` is called
 * with the requests at once and whenever they change, `connected` whether the platform is there. Returns the function that ends it.
 */
export function followInbox(told, connected) {
  const open = new Map();
  /** What came since the snapshot is newer than what is read of it. */
  const changed = new Set();
  const take = request => {
    const waits = request.state === 'OPEN' && request.availableDecisions.length > 0;
    if (waits) open.set(request.id, request);
    else open.delete(request.id);
  };
  const tell = () => told([...open.values()].sort((a, b) => a.requestedAt.localeCompare(b.requestedAt)));
  const takeAll = requests => {
    for (const request of requests) if (!changed.has(request.id)) take(request);
    tell();
  };
  let ended = false;
  let timer;
  const readAll = async cursor => {
    try {
      for await (const requests of everything(cursor)) if (!ended) takeAll(requests);
    } catch (error) {
      // The page says by itself that the connection is lost, or that the token has ended.
      if (!ended && error.code !== 'UNAUTHENTICATED') timer = setTimeout(() => readAll(cursor), AGAIN_MS);
    }
  };
  const next = item => {
    if (item.__typename === 'InboxSnapshot') {
      takeAll(item.requests);
      if (item.hasMore) readAll(item.cursor);
      return;
    }
    changed.add(item.request.id);
    take(item.request);
    tell();
  };
  const unfollow = follow(INBOX_CHANGED, {}, { next, connected, failed: () => told([]) });
  return () => {
    ended = true;
    clearTimeout(timer);
    unfollow();
  };
}

/** Page by page: a snapshot holds the oldest only. */
async function* everything(atLeast) {
  let after;
  do {
    const { inbox } = await query(INBOX, { after, atLeast });
    yield inbox.nodes;
    after = inbox.pageInfo.hasNextPage ? inbox.pageInfo.endCursor : undefined;
  } while (after);
}
