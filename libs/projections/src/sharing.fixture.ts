import { eventually } from '@runledger/testing';
import type { Projection } from './projection.js';
import { orders } from './read-model.fixture.js';
import type { ShopWorld } from './shop-world.fixture.js';

/** Any process may have any order. */
export const shared: Projection = { ...orders, partitioned: true };

/** How many partitions a process has. */
export async function partitionsOf(shop: ShopWorld, owner: string, projection = 'orders'): Promise<number> {
  const places = await shop.parts.checkpoints.partitions.read(`projection/${projection}`, 1);
  return places.filter(place => place.owner?.startsWith(owner)).length;
}

/** Waits until each has as many as the others. */
export function share(shop: ShopWorld, ...owners: readonly string[]): Promise<void> {
  return eventually(async () => {
    for (const owner of owners) expect(await partitionsOf(shop, owner)).toBe(16 / owners.length);
  });
}

/** As many items as were added, over all orders. */
export async function items({ pool }: ShopWorld): Promise<{ readonly items: number }> {
  const text = 'SELECT sum(cardinality(items))::int AS items FROM shop.orders';
  return (await pool.query(text)).rows[0] as { items: number };
}
