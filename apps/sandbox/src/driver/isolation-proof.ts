import type { SandboxDriver } from './sandbox-driver.js';

/** placeholder until the probe below exists */
export async function proveIsolation(_driver: SandboxDriver): Promise<void> {}
