import { follow } from './graphql.js';
import { INBOX_CHANGED } from './queries.js';

/**
 * Everything that waits for this reader, oldest first, followed over one socket however many places show it. `told` is called
 * with the requests at once and whenever they change, `connected` whether the platform is there. Returns the function that ends it.
 */
export function followInbox(told, connected) {
  const open = new Map();
  const take = request => {
    const waits = request.state === 'OPEN' && request.availableDecisions.length > 0;
    if (waits) open.set(request.id, request);
    else open.delete(request.id);
  };
  const next = item => {
    if (item.__typename === 'InboxSnapshot') for (const request of item.requests) take(request);
    else take(item.request);
    told([...open.values()].sort((a, b) => a.requestedAt.localeCompare(b.requestedAt)));
  };
  return follow(INBOX_CHANGED, {}, { next, connected, failed: () => told([]) });
}
