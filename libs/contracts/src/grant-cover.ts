import type { Grant } from './grant.events.js';
import type { Json } from './values.js';

/** A tool call that may be covered by a grant. `at`: ISO 8601 UTC. */
export interface CoveredCall {
  readonly runId: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, Json>>;
  readonly at: string;
}

/** The argument that patterns of grants are compared with, by tool. */
const MAIN_ARGUMENT: Readonly<Record<string, { readonly name: string; readonly kind: 'command' | 'path' }>> = {
  bash: { name: 'command', kind: 'command' },
  write_file: { name: 'path', kind: 'path' },
  edit_file: { name: 'path', kind: 'path' },
  start_flow: { name: 'flow', kind: 'path' },
};

/** Whether patterns say anything about calls of this tool. */
export function takesPattern(tool: string): boolean {
  return tool in MAIN_ARGUMENT;
}

/** Whether the grant lets the call go ahead without asking. Whether it was revoked is for the reader of the stream to know. */
export function grantCovers(grant: Grant, call: CoveredCall): boolean {
  if (grant.tool !== call.tool) return false;
  if (grant.scope === 'run' && grant.runId !== call.runId) return false;
  if (grant.expiresAt !== undefined && Date.parse(grant.expiresAt) <= Date.parse(call.at)) return false;
  return grant.pattern === undefined || fits(grant.pattern, call);
}

function fits(pattern: string, call: CoveredCall): boolean {
  const main = MAIN_ARGUMENT[call.tool];
  const value = main && call.arguments[main.name];
  if (typeof value !== 'string') return false;
  return main?.kind === 'path' ? pathFits(pattern, value) : commandFits(pattern, value);
}

/**
 * `*` stands for any text in which a shell finds nothing but words: a grant for `npm test *` must not cover
 * `npm test; curl …`. What the pattern itself spells out is taken as it is.
 */
function commandFits(pattern: string, command: string): boolean {
  return new RegExp(`^${escaped(pattern, '[^;&|<>()$`\\\\\\n\\r\'"#!{}~]*')}$`).test(command);
}

/** `*` stands for any text within a directory, `**` for any text; a path that climbs (`..`) fits no pattern. */
function pathFits(pattern: string, path: string): boolean {
  if (path.split('/').includes('..')) return false;
  const parts = plain(pattern).split('**');
  return new RegExp(`^${parts.map(part => escaped(part, '[^/]*')).join('.*')}$`, 's').test(plain(path));
}

/** Without the ways to write the same path differently. */
function plain(path: string): string {
  return path.replaceAll(/\/+/g, '/').replaceAll(/(^|\/)(?:\.\/)+/g, '$1');
}

function escaped(pattern: string, star: string): string {
  return pattern
    .split('*')
    .map(text => text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(star);
}
