/** Runs once after all specs: ends the server that the set-up started. */
export default async function tearDown() {
  await globalThis.stopTestPostgres?.();
}
