import type { ToolCall, ToolCallContent, ToolCallUpdate, ToolKind } from '@agentclientprotocol/sdk';
import type { Json, ToolDetail } from '@runledger/contracts';
import { canonicalJson, replacementDiff } from '@runledger/kernel';
import { createHash } from 'node:crypto';
import { argumentsOf } from '../agent/recorded-call.js';
import { headOf } from '../attempt/storable-text.js';
import { terminalTold } from './terminal-output.js';
import type { ToldTerminal } from './terminal-output.js';
import { recordOf } from './told-record.js';

/** A tool call of the program, as far as it has told of it. */
export interface ToldCall {
  readonly id: string;
  readonly title: string;
  readonly name?: string;
  readonly kind: ToolKind;
  readonly status: NonNullable<ToolCall['status']>;
  readonly content: readonly ToolCallContent[];
  readonly path?: string;
  readonly rawInput?: unknown;
  readonly rawOutput?: unknown;
  readonly terminal?: ToldTerminal;
}

const DETAIL_CHARS = 65_536;

/** An update says only what has changed. */
export function toldMore(known: ToldCall | undefined, update: ToolCall | ToolCallUpdate): ToldCall {
  const path = update.locations?.[0]?.path ?? known?.path;
  const name = update.name ?? known?.name;
  const terminal = terminalTold(known?.terminal, update._meta);
  return {
    id: update.toolCallId,
    title: update.title ?? known?.title ?? 'a call',
    kind: update.kind ?? known?.kind ?? 'other',
    status: update.status ?? known?.status ?? 'pending',
    content: update.content ?? known?.content ?? [],
    rawInput: given(update.rawInput) ? update.rawInput : known?.rawInput,
    rawOutput: update.rawOutput ?? known?.rawOutput,
    ...(path !== undefined && { path }),
    ...(name !== undefined && { name }),
    ...(terminal && { terminal }),
  };
}

/** Programs tell of a call before they know what it is called with. */
export function isKnown({ status, rawInput }: ToldCall): boolean {
  return status !== 'pending' || given(rawInput);
}

export function isOver({ status }: ToldCall): boolean {
  return status === 'completed' || status === 'failed';
}

/**
 * Whether what it calls is named so. Its title may be a command that a model has thought of: a command is never taken for a tool, and neither is
 * what only begins with the name of one, because nobody would be asked about it (S1).
 */
export function isNamedAs({ name, title, kind, rawInput }: ToldCall, isMeant: (name: string) => boolean): boolean {
  if (kind === 'execute' && recordOf(rawInput)?.['command'] !== undefined) return false;
  return isMeant(title) || (name !== undefined && isMeant(name));
}

function given(input: unknown): boolean {
  if (input === undefined || input === null) return false;
  return typeof input !== 'object' || Object.keys(input).length > 0;
}

/** Our name for what the call does, so that permissions and grants mean the same for every agent. */
export function toolOf({ kind, name, title, content }: ToldCall): string {
  if (name?.startsWith('mcp__')) return name;
  switch (kind) {
    case 'execute':
      return 'bash';
    case 'edit':
      return content.some(part => part.type === 'diff' && typeof part.oldText !== 'string')
        ? 'write_file'
        : 'edit_file';
    case 'delete':
    case 'move':
      return 'edit_file';
    case 'read':
      return 'read_file';
    case 'search':
      return 'search_files';
    case 'fetch':
      return 'web_fetch';
    case 'think':
    case 'switch_mode':
    case 'other':
      return headOf(name ?? (title === '' ? kind : title), 100);
  }
}

/** What it is called with; commands and paths under the names that patterns of grants look at. */
export function inputOf(call: ToldCall): Record<string, Json> {
  const { rawInput, title, path } = call;
  const raw = given(rawInput) ? argumentsOf(rawInput) : { title };
  if (call.kind === 'execute') return { ...raw, ...commandIn({ title, ...raw }) };
  return path === undefined ? raw : { ...raw, path: withinWorkspace(path) };
}

function commandIn({ command, title }: Record<string, Json>): Record<string, Json> {
  if (!Array.isArray(command))
    return typeof command === 'string' || typeof title !== 'string' ? {} : { command: title };
  const words = command.map(word => (typeof word === 'string' ? word : JSON.stringify(word)));
  const [shell = '', flag = '', script] = words;
  const isShell = words.length === 3 && /(^|\/)(ba|z|da)?sh$/.test(shell) && /^-l?c$/.test(flag);
  return { command: isShell && script !== undefined ? script : words.join(' ') };
}

function withinWorkspace(path: string): string {
  return path.startsWith('/workspace/') ? path.slice('/workspace/'.length) : path;
}

/** The same call whatever it is named: programs name a call that they make again in another way. */
export function callHashOf(tool: string, input: Record<string, Json>): string {
  return createHash('sha256')
    .update(canonicalJson({ tool, arguments: input }))
    .digest('hex');
}

/** What readers know how to show. */
export function detailOf({ content, kind, rawInput }: ToldCall): ToolDetail | undefined {
  const edit = content.find(part => part.type === 'diff');
  if (edit) {
    const path = withinWorkspace(edit.path);
    if (typeof edit.oldText !== 'string') {
      const shown = headOf(edit.newText, DETAIL_CHARS);
      return { kind: 'file', path, content: shown, truncated: shown.length < edit.newText.length };
    }
    return { kind: 'diff', path, diff: headOf(replacementDiff(path, edit.oldText, edit.newText), DETAIL_CHARS) };
  }
  const { url } = (rawInput ?? {}) as { readonly url?: unknown };
  return kind === 'fetch' && typeof url === 'string' ? { kind: 'fetch', url } : undefined;
}

/** What came of it so far, in words. */
export function outputOf({ content, rawOutput, terminal }: ToldCall): string {
  const said = content.flatMap(part =>
    part.type === 'content' && part.content.type === 'text' ? [part.content.text] : [],
  );
  if (said.length > 0) return said.join('\n');
  if (terminal && terminal.output !== '') return terminal.output;
  const edited = content.flatMap(part => (part.type === 'diff' ? [`${withinWorkspace(part.path)} was changed.`] : []));
  if (edited.length > 0 || rawOutput === undefined || rawOutput === null) return edited.join('\n');
  return typeof rawOutput === 'string' ? rawOutput : JSON.stringify(rawOutput);
}

/** Some programs say how a command ended. */
export function exitCodeOf({ rawOutput, terminal }: ToldCall): number | undefined {
  if (typeof rawOutput !== 'object' || rawOutput === null) return terminal?.exitCode;
  const { exit_code: snake, exitCode: camel } = rawOutput as {
    readonly exit_code?: unknown;
    readonly exitCode?: unknown;
  };
  const code = snake ?? camel;
  return Number.isInteger(code) ? (code as number) : terminal?.exitCode;
}
