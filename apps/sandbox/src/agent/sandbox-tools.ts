import type { Json, ToolDetail, BuiltInTool } from '@runledger/contracts';
import { replacementDiff } from '@runledger/kernel';
import type { z } from 'zod';
import type { ToolCall } from '../attempt/tool-call.js';
import { headOf } from '../attempt/storable-text.js';
import { SEARCH_FILES } from './search-script.js';
import { toolInputs } from './tool-inputs.js';
import type { SandboxTool } from './tool-inputs.js';
import { EDIT_FILE } from './tool-programs.js';
import { LIST_FILES, READ_FILE, WRITE_FILE } from './tool-scripts.js';

type InputOf<Name extends BuiltInTool> = z.output<(typeof toolInputs)[Name]>;
export type PlannedCall = Pick<ToolCall, 'exec' | 'detail'>;
export type ToolPlan = PlannedCall | { readonly refused: string };

const BASH_MS = 120_000;
const FILE_MS = 60_000;
const DETAIL_CHARS = 65_536;
const MOST_LINES = 2_000;
const LISTED_DEPTH = 2;
const FOUND_LINES = 200;

/** What to run inside the sandbox for one call of a tool; refused when the arguments do not fit its schema. */
export function planCall(tool: SandboxTool, input: Json): ToolPlan {
  const parsed = toolInputs[tool].safeParse(input);
  if (!parsed.success) return { refused: misfit(tool, parsed.error) };
  switch (tool) {
    case 'bash':
      return bash(parsed.data as InputOf<'bash'>);
    case 'read_file':
      return readFile(parsed.data as InputOf<'read_file'>);
    case 'write_file':
      return writeFile(parsed.data as InputOf<'write_file'>);
    case 'edit_file':
      return editFile(parsed.data as InputOf<'edit_file'>);
    case 'list_files':
      return listFiles(parsed.data as InputOf<'list_files'>);
    case 'search_files':
      return searchFiles(parsed.data as InputOf<'search_files'>);
  }
}

/** What is wrong with the arguments, in words for the agent. */
export function misfit(tool: BuiltInTool, error: z.ZodError): string {
  const lines = error.issues.map(issue => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
  return `The arguments of ${tool} do not fit: ${lines.join('; ')}`;
}

function bash({ command, timeout_ms: timeoutMs = BASH_MS }: InputOf<'bash'>): PlannedCall {
  return { exec: { argv: ['bash', '-c', command], timeoutMs } };
}

function readFile({ path, offset = 1, limit = MOST_LINES }: InputOf<'read_file'>): PlannedCall {
  return script(READ_FILE, 'read_file', [path, offset, limit]);
}

function listFiles({ path = '.', depth = LISTED_DEPTH }: InputOf<'list_files'>): PlannedCall {
  return script(LIST_FILES, 'list_files', [path, depth]);
}

function searchFiles({ path = '.', pattern, glob = '', limit = FOUND_LINES, ...input }: InputOf<'search_files'>) {
  return script(SEARCH_FILES, 'search_files', [path, pattern, glob, input.ignore_case ? 'i' : '', limit]);
}

function writeFile(input: InputOf<'write_file'>): PlannedCall {
  const { path } = input;
  const content = headOf(input.content, DETAIL_CHARS);
  const truncated = content.length < input.content.length;
  const stdin = Buffer.from(input.content);
  const { exec } = script(WRITE_FILE, 'write_file', [path, stdin.length]);
  return { exec: { ...exec, stdin }, detail: { kind: 'file', path, content, truncated } };
}

function editFile(input: InputOf<'edit_file'>): PlannedCall {
  const diff = headOf(replacementDiff(input.path, input.old_string, input.new_string), DETAIL_CHARS);
  const detail: ToolDetail = { kind: 'diff', path: input.path, diff };
  return { ...program(EDIT_FILE, input), detail };
}

function script(source: string, name: BuiltInTool, values: readonly (string | number)[]): PlannedCall {
  return { exec: { argv: ['bash', '-c', source, name, ...values.map(String)], timeoutMs: FILE_MS } };
}

function program(source: string, input: unknown): PlannedCall {
  const stdin = Buffer.from(JSON.stringify(input));
  return { exec: { argv: ['node', '-e', source], stdin, timeoutMs: FILE_MS } };
}
