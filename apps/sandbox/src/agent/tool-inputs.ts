import type { ToolName } from '@runledger/contracts';
import { z } from 'zod';

/** Tools that are programs in the sandbox. */
export type SandboxTool = Exclude<ToolName, 'ask_user'>;

/** A program's arguments end at the first NUL. */
const hasNoNul = (text: string): boolean => !text.includes('\0');
const NUL = 'it contains a NUL character';
const path = z.string().min(1).max(4_096).refine(hasNoNul, NUL).describe('Absolute, or relative to the workspace.');

/** What each tool takes; the models are given the same schemas. */
export const toolInputs = {
  bash: z.strictObject({
    command: z.string().min(1).max(100_000).refine(hasNoNul, NUL),
    timeout_ms: z.int().min(100).max(600_000).optional().describe('Default 120000.'),
  }),
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
  ask_user: z.strictObject({
    question: z.string().min(1).max(10_000),
    choices: z
      .array(z.string().min(1).max(1_000))
      .min(1)
      .max(20)
      .optional()
      .describe('Left out: people answer in their own words.'),
  }),
} as const satisfies Record<ToolName, z.ZodType>;

export const toolDescriptions: Readonly<Record<ToolName, string>> = {
  bash: 'Runs a bash command in the workspace. Returns its output; a non-zero exit code is an error.',
  read_file: 'Reads a text file.',
  write_file: 'Writes a file, whole; makes the directories it needs.',
  edit_file: 'Replaces text in a file by exact match.',
  list_files: 'Lists files and directories.',
  ask_user: 'Asks people something and returns their answer. Use it when you cannot go on without knowing.',
};

/** What an agent has whose step names no tools. Only who is told to may ask people: it stops until they answer. */
export const ALL_TOOLS: readonly SandboxTool[] = ['bash', 'read_file', 'write_file', 'edit_file', 'list_files'];
