import { z } from 'zod';

/** The tools that the platform brings. */
export const builtInTool = z.enum([
  'bash',
  'bash_output',
  'bash_stop',
  'read_file',
  'write_file',
  'edit_file',
  'list_files',
  'search_files',
  'web_fetch',
  'todo_write',
  'spawn_agents',
  'start_flow',
  'ask_user',
]);
export type BuiltInTool = z.infer<typeof builtInTool>;

/** Also `mcp__<server>__<tool>`, a tool of an MCP server; with a `*` at its end all whose name begins so. */
export const toolName = z.union([builtInTool, z.templateLiteral(['mcp__', z.string()])]);
export type ToolName = z.infer<typeof toolName>;

/** Whether a list means a tool: by its name, or by what it begins with. */
export function meansTool(list: readonly ToolName[], tool: string): boolean {
  return list.some(name => name === tool || (name.endsWith('*') && tool.startsWith(name.slice(0, -1))));
}

/** Tools that can do harm: they ask first where asking is switched on and nothing else is said. */
export const DANGEROUS_TOOLS: readonly ToolName[] = ['bash', 'write_file', 'edit_file', 'start_flow', 'mcp__*'];

/** Tools whose effect no sandbox holds: they ask first unless somebody has said that they need not. */
export const OUTSIDE_TOOLS: readonly ToolName[] = ['start_flow'];

/** Of an agent step, else of the sandbox profile that it runs in. */
export const agentPermissions = {
  /** `ASK`: people allow each call of a dangerous tool; `ALLOW`: the sandbox is protection enough. Neither says: only `start_flow` asks. */
  permissions: z.enum(['ASK', 'ALLOW']).optional(),
  /** The tools that ask; left out: `bash`, `write_file`, `edit_file`, `start_flow` and the tools of MCP servers. */
  dangerousTools: z.array(toolName).optional(),
};

export interface AgentPermissions {
  readonly permissions?: 'ASK' | 'ALLOW' | undefined;
  readonly dangerousTools?: readonly ToolName[] | undefined;
}

/** The tools whose calls ask first. What the step says goes before what the profile says, each word for itself. */
export function toolsThatAsk(step: AgentPermissions, profile: AgentPermissions): readonly ToolName[] {
  const said = step.permissions ?? profile.permissions;
  if (said === 'ALLOW') return [];
  if (said === undefined) return OUTSIDE_TOOLS;
  return step.dangerousTools ?? profile.dangerousTools ?? DANGEROUS_TOOLS;
}
