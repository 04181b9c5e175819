import { z } from 'zod';
import { agentPermissions } from './agent-permissions.js';
import { mcpServers } from './mcp-servers.js';
import { slug } from './values.js';

/** `api.example.com`, or `*.example.com` for all names below; for the ports 80 and 443, or for the one that it names. */
export const egressHost = z
  .string()
  .max(260)
  .regex(
    /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[1-9]\d{0,4})?$/,
    'a host name in lower case, such as api.example.com, *.example.com or git.example.com:8443',
  );

/** What a sandbox is. Sizes in bytes, times in ms. */
export const profileDefinition = z.strictObject({
  slug,
  name: z.string().min(1).max(200),
  /** `none` runs as an ordinary process: only where the operator allowed it as well. */
  isolation: z.enum(['bubblewrap', 'docker', 'kubernetes', 'none']),
  /** Of the containers, where isolation is by containers: a name as the engine knows it. */
  image: z
    .string()
    .max(500)
    .regex(/^[\w][\w./:@-]*$/, 'the name of an image, such as node:24-bookworm or registry.example/team/tools@sha256:…')
    .optional(),
  /** Cloned into the workspace before the first step. `path` is relative to the workspace. */
  repositories: z
    .array(
      z.strictObject({
        url: z.string().min(1).max(1_000),
        path: z.string().max(500),
        branch: z.string().max(200).optional(),
      }),
    )
    .max(20),
  /** Directories of the host that the sandbox may see; the operator must have allowed the source. */
  mounts: z
    .array(z.strictObject({ source: z.string().max(1_000), target: z.string().max(500), mode: z.enum(['ro', 'rw']) }))
    .max(20),
  env: z.record(z.string(), z.string()),
  resourceClass: z.string().min(1).max(60),
  limits: z.strictObject({
    memoryBytes: z.int().positive(),
    pids: z.int().positive(),
    cpuPercent: z.int().positive(),
    tmpBytes: z.int().positive(),
    workspaceBytes: z.int().positive(),
    outputBytes: z.int().positive(),
  }),
  /** `none` is short for an object that says so. With `allowlist` programs reach the listed hosts through a proxy, and nothing else. */
  network: z.union([
    z.enum(['none']),
    z.strictObject({ mode: z.enum(['none', 'allowlist']), hosts: z.array(egressHost).max(200) }),
  ]),
  /** `none`: files are not kept between steps; a re-run from a step then begins with a workspace that is set up anew. Default `steps`. */
  snapshots: z.enum(['none', 'steps']).optional(),
  /** For every agent in such a sandbox; stdio servers run inside it. */
  mcpServers: mcpServers.optional(),
  ...agentPermissions,
});
export type ProfileDefinition = z.infer<typeof profileDefinition>;

export const DEFAULT_LIMITS: ProfileDefinition['limits'] = {
  memoryBytes: 1_073_741_824,
  pids: 256,
  cpuPercent: 200,
  tmpBytes: 268_435_456,
  workspaceBytes: 2_147_483_648,
  outputBytes: 67_108_864,
};

export interface NetworkPolicy {
  readonly mode: 'none' | 'allowlist';
  readonly hosts: readonly string[];
}

/** The profile's network policy, whichever way it is written. */
export function networkOf({ network }: Pick<ProfileDefinition, 'network'>): NetworkPolicy {
  return network === 'none' ? { mode: 'none', hosts: [] } : network;
}
