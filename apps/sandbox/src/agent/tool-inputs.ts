import { json, meansTool, slug, todoItem, toolName } from '@runledger/contracts';
import type { AgentWork, BuiltInTool, ToolName } from '@runledger/contracts';
import { z } from 'zod';
import type { OfferedTool } from '../mcp/mcp-tools.js';
import { READ_BYTES } from './tool-scripts.js';
import type { EgressRules } from '../egress/egress-policy.js';

/** Tools for which one program runs in the sandbox, to its end. */
export type SandboxTool = Extract<
  BuiltInTool,
  'bash' | 'read_file' | 'write_file' | 'edit_file' | 'list_files' | 'search_files'
>;

/** A program's arguments end at the first NUL. */
const hasNoNul = (text: string): boolean => !text.includes('\0');
const NUL = 'it contains a NUL character';
const path = z.string().min(1).max(4_096).refine(hasNoNul, NUL).describe('Absolute, or relative to the workspace.');

const processId = z.string().min(1).max(300).describe('As bash returned it.');

/** What each tool takes; the models are given the same schemas. */
export const toolInputs = {
  bash: z.strictObject({
    command: z.string().min(1).max(100_000).refine(hasNoNul, NUL),
    timeout_ms: z
      .int()
      .min(100)
      .max(600_000)
      .optional()
      .describe('Default 120000. In the background: the time that is left.'),
    run_in_background: z
      .boolean()
      .optional()
      .describe(
        'Returns at once; read what it writes with bash_output, end it with bash_stop. For servers and watchers.',
      ),
  }),
  bash_output: z.strictObject({
    id: processId,
    wait_ms: z.int().min(0).max(60_000).optional().describe('How long to wait for output or its end; default 0.'),
  }),
  bash_stop: z.strictObject({ id: processId }),
  read_file: z.strictObject({
    path,
    offset: z.int().min(1).optional().describe('First line, counted from 1.'),
    limit: z.int().min(1).max(10_000).optional().describe('Most lines; default 2000.'),
  }),
  write_file: z.strictObject({ path, content: z.string() }),
  edit_file: z.strictObject({
    path,
    old_string: z.string().describe('Exactly the text to replace; must occur once unless replace_all is set.'),
    new_string: z.string(),
    replace_all: z.boolean().optional(),
  }),
  list_files: z.strictObject({
    path: path.optional().describe('Default: the workspace.'),
    depth: z.int().min(1).max(10).optional().describe('How deep to go; default 2.'),
  }),
  search_files: z.strictObject({
    pattern: z.string().min(1).max(2_000).refine(hasNoNul, NUL).describe('An extended regular expression.'),
    path: path.optional().describe('A directory or a file; default: the workspace.'),
    glob: z
      .string()
      .min(1)
      .max(500)
      .refine(hasNoNul, NUL)
      .optional()
      .describe('Only files of this name, such as *.ts.'),
    ignore_case: z.boolean().optional(),
    limit: z.int().min(1).max(1_000).optional().describe('Most lines; default 200.'),
  }),
  web_fetch: z.strictObject({
    url: z.string().min(1).max(4_000).describe('http or https; only hosts that the sandbox profile lists.'),
    max_chars: z.int().min(100).max(200_000).optional().describe('Most characters of text; default 20000.'),
  }),
  todo_write: z.strictObject({
    todos: z
      .array(z.strictObject({ content: z.string().min(1).max(1_000), status: todoItem.shape.status }))
      .max(100)
      .describe('The whole list: it takes the place of the one before.'),
  }),
  spawn_agents: z.strictObject({
    agents: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(100).optional(),
          prompt: z
            .string()
            .min(1)
            .max(50_000)
            .describe('Everything that it has to know: it sees nothing of this conversation.'),
          tools: z.array(toolName).max(50).optional().describe('Default: yours.'),
          max_turns: z
            .int()
            .min(1)
            .max(100)
            .optional()
            .describe('Default 20. Of agents that are programs: calls of tools; default that of the step, else 500.'),
        }),
      )
      .min(1)
      .max(20),
  }),
  start_flow: z.strictObject({
    flow: z.string().min(1).max(200).describe('Its slug.'),
    parameters: z.record(z.string(), json).optional(),
    profile: slug.optional().describe('Sandbox profile; default: that of the flow.'),
  }),
  ask_user: z.strictObject({
    question: z.string().min(1).max(10_000),
    choices: z
      .array(z.string().min(1).max(1_000))
      .min(1)
      .max(20)
      .optional()
      .describe('Left out: people answer in their own words.'),
  }),
} as const satisfies Record<BuiltInTool, z.ZodType>;

export const toolDescriptions: Readonly<Record<BuiltInTool, string>> = {
  bash: 'Runs a bash command in the workspace. Returns its output; a non-zero exit code is an error.',
  bash_output: 'Reads what a background command has written since it was last read, and whether it still runs.',
  bash_stop: 'Ends a background command.',
  read_file: `Reads a text file, at most ${READ_BYTES} bytes at a time; says where to go on.`,
  write_file: 'Writes a file, whole; makes the directories it needs.',
  edit_file: 'Replaces text in a file by exact match.',
  list_files: 'Lists files and directories.',
  search_files:
    'Searches files for lines that match; skips .git, node_modules and binary files. Returns path:line:text.',
  web_fetch: 'Fetches a page or file from the web and returns its readable text. Programs in bash have the same hosts.',
  todo_write:
    'Keeps the list of what you have to do, for you and for those who watch. Use it for work of several parts.',
  spawn_agents:
    'Starts up to 20 agents that work side by side in this workspace, each on its own prompt; returns their reports.',
  start_flow: 'Starts a run of another flow of this workspace and returns its id; does not wait for it.',
  ask_user: 'Asks people something and returns their answer. Use it when you cannot go on without knowing.',
};

/** What the agent of a step has, of ours and of those that its servers offer. A sandbox without a network has nothing to fetch. */
export function toolsOf(
  { tools }: Pick<AgentWork, 'tools'>,
  network: Pick<EgressRules, 'hosts'>,
  offered: readonly OfferedTool[],
): readonly ToolName[] {
  const servers = offered.map(({ name }) => name);
  if (!tools) return [...ALL_TOOLS.filter(tool => tool !== 'web_fetch' || network.hosts.length > 0), ...servers];
  return [...tools.filter(isBuiltIn), ...servers.filter(name => meansTool(tools, name))];
}

export function isBuiltIn(tool: ToolName): tool is BuiltInTool {
  return tool in toolInputs;
}

/** What an agent has whose step names no tools. Only who is told to may ask people: it stops until they answer. */
const ALL_TOOLS: readonly BuiltInTool[] = [
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
];
