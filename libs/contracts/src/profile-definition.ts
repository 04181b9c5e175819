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
  slug: slug.describe('Names the profile within its workspace.').meta({ examples: ['node'] }),
  name: z
    .string()
    .min(1)
    .max(200)
    .describe('For people.')
    .meta({ examples: ['Node.js 24'] }),
  isolation: z
    .enum(['bubblewrap', 'docker', 'kubernetes', 'none'])
    .describe(
      'What keeps its work apart. `docker` and `kubernetes` need an `image`. `none` runs as an ordinary process, only where the operator has allowed it as well.',
    )
    .meta({ examples: ['bubblewrap'] }),
  image: z
    .string()
    .max(500)
    .regex(/^[\w][\w./:@-]*$/, 'the name of an image, such as node:24-bookworm or registry.example/team/tools@sha256:…')
    .optional()
    .describe('Of the containers, where isolation is by containers: a name as the engine knows it.')
    .meta({ examples: ['node:24-bookworm'] }),
  repositories: z
    .array(
      z.strictObject({
        url: z.string().min(1).max(1_000).describe('As Git takes it, or a path that `mounts` shows.'),
        path: z
          .string()
          .max(500)
          .describe('Relative to the workspace; `.` is the workspace itself.')
          .meta({ examples: ['.'] }),
        branch: z
          .string()
          .max(200)
          .optional()
          .describe("Default: the repository's own.")
          .meta({ examples: ['main'] }),
      }),
    )
    .max(20)
    .describe('Cloned into the workspace before the first step.'),
  mounts: z
    .array(
      z.strictObject({
        source: z
          .string()
          .max(1_000)
          .describe('Absolute path on the host, below one that the operator allows (`SANDBOX_MOUNT_SOURCES`).'),
        target: z
          .string()
          .max(500)
          .describe('Absolute path inside.')
          .meta({ examples: ['/caches/npm'] }),
        mode: z
          .enum(['ro', 'rw'])
          .describe('`ro`: work can read it. `rw`: it can write there as well, for every later run.'),
      }),
    )
    .max(20)
    .describe('Directories of the host that the sandbox may see; the operator must have allowed the source.'),
  env: z
    .record(z.string(), z.string())
    .describe('Variables for every program inside. Everybody who may read the profile reads them: no secrets.')
    .meta({ examples: [{ CI: 'true' }] }),
  resourceClass: z
    .string()
    .min(1)
    .max(60)
    .describe('By which the time of a step is priced.')
    .meta({ examples: ['small'] }),
  limits: z
    .strictObject({
      memoryBytes: z.int().positive().describe('Memory of everything inside together, in bytes.'),
      pids: z.int().positive().describe('Processes and threads at the same time.'),
      cpuPercent: z.int().positive().describe('Of one core: 200 is two cores.'),
      tmpBytes: z.int().positive().describe('What `/tmp` holds, in bytes.'),
      workspaceBytes: z.int().positive().describe('What the workspace holds, in bytes.'),
      outputBytes: z.int().positive().describe('What one call may print, in bytes; more ends it.'),
    })
    .describe('What is inside may use so much. Which of them are hard depends on the isolation.'),
  network: z
    .union([
      z.enum(['none']),
      z.strictObject({
        mode: z
          .enum(['none', 'allowlist'])
          .describe('`allowlist`: programs reach the hosts through a proxy, and nothing else.'),
        hosts: z
          .array(egressHost)
          .max(200)
          .describe('Names, not addresses.')
          .meta({ examples: [['registry.npmjs.org', '*.example.com']] }),
      }),
    ])
    .describe('The ways out. `none` is short for an object that says so.')
    .meta({ examples: ['none'] }),
  snapshots: z
    .enum(['none', 'steps'])
    .optional()
    .describe(
      '`none`: files are not kept between steps; a re-run from a step then begins with a workspace that is set up anew. Default `steps`.',
    )
    .meta({ examples: ['steps'] }),
  mcpServers: mcpServers.optional().describe('For every agent in such a sandbox; those with a command run inside it.'),
  permissions: agentPermissions.permissions.describe(
    '`ASK`: people allow each call of a dangerous tool; `ALLOW`: the sandbox is protection enough. What a step says goes before it.',
  ),
  dangerousTools: agentPermissions.dangerousTools.describe(
    'The tools that ask. Default: `bash`, `write_file`, `edit_file`, `start_flow` and the tools of MCP servers.',
  ),
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
