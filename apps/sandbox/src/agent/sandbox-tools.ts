import type { Json, ToolDetail, ToolName } from '@runledger/contracts';
import type { z } from 'zod';
import type { ToolCall } from '../attempt/tool-call.js';
import { headOf } from '../attempt/storable-text.js';
import { replacementDiff } from './line-diff.js';
import { toolInputs } from './tool-inputs.js';
import { EDIT_FILE, LIST_FILES, READ_FILE, WRITE_FILE } from './tool-programs.js';

type InputOf<Name extends ToolName> = z.output<(typeof toolInputs)[Name]>;
export type PlannedCall = Pick<ToolCall, 'exec' | 'detail'>;
export type ToolPlan = PlannedCall | { readonly refused: string };

const BASH_MS = 120_000;
const FILE_MS = 60_000;
const DETAIL_CHARS = 65_536;

/** What to run inside the sandbox for one call of a tool; refused when the arguments do not fit its schema. */
export function planCall(tool: ToolName, input: Json): ToolPlan {
  const parsed = toolInputs[tool].safeParse(input);
  if (!parsed.success) return { refused: refusalOf(tool, parsed.error) };
  switch (tool) {
    case 'bash':
      return bash(parsed.data as InputOf<'bash'>);
    case 'read_file':
      return program(READ_FILE, parsed.data);
    case 'write_file':
      return writeFile(parsed.data as InputOf<'write_file'>);
    case 'edit_file':
      return editFile(parsed.data as InputOf<'edit_file'>);
    case 'list_files':
      return program(LIST_FILES, { path: '.', ...parsed.data });
  }
}

function refusalOf(tool: ToolName, error: z.ZodError): string {
  const lines = error.issues.map(issue => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
  return `The arguments of ${tool} do not fit: ${lines.join('; ')}`;
}

function bash({ command, timeout_ms: timeoutMs = BASH_MS }: InputOf<'bash'>): PlannedCall {
  return { exec: { argv: ['bash', '-c', command], timeoutMs } };
}

function writeFile(input: InputOf<'write_file'>): PlannedCall {
  const content = headOf(input.content, DETAIL_CHARS);
  const truncated = content.length < input.content.length;
  return { ...program(WRITE_FILE, input), detail: { kind: 'file', path: input.path, content, truncated } };
}

function editFile(input: InputOf<'edit_file'>): PlannedCall {
  const diff = headOf(replacementDiff(input.path, input.old_string, input.new_string), DETAIL_CHARS);
  const detail: ToolDetail = { kind: 'diff', path: input.path, diff };
  return { ...program(EDIT_FILE, input), detail };
}

function program(source: string, input: unknown): PlannedCall {
  const stdin = Buffer.from(JSON.stringify(input));
  return { exec: { argv: ['node', '-e', source], stdin, timeoutMs: FILE_MS } };
}
