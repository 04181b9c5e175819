import { createClient, type Client } from 'graphql-ws';
import WebSocket from 'ws';

/** A graphql-ws client of a test gateway, as a front end would make one. */
export function socketClient(url: string, token: string | undefined): Client {
  return createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(token !== undefined && { connectionParams: { Authorization: `Bearer ${token}` } }),
  });
}

export interface Received<Item> {
  readonly items: readonly Item[];
  readonly errors: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/** Subscribes and collects items until `enough` says so, the server ends the stream, or it sends errors. */
export async function collect<Item>(
  client: Client,
  query: string,
  variables: Record<string, unknown>,
  enough: (items: readonly Item[]) => boolean,
): Promise<Received<Item>> {
  const items: Item[] = [];
  try {
    for await (const { data, errors } of client.iterate<Record<string, Item>>({ query, variables })) {
      if (errors) return { items, errors };
      items.push(...Object.values(data ?? {}));
      if (enough(items)) break;
    }
  } catch (error) {
    if (Array.isArray(error)) return { items, errors: error as Received<Item>['errors'] };
    throw error;
  }
  return { items, errors: [] };
}
