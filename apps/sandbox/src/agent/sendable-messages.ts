import type { ModelMessage } from '@ai-sdk/provider-utils';
import { headOf } from '../attempt/storable-text.js';

/** Under which arguments that are no JSON object stand in the conversation: vendors take nothing else back. */
const UNREADABLE = 'unreadable_arguments';
const SHOWN_CHARS = 2_000;
/** What every vendor takes as the name of a tool. */
const NO_NAME = /[^A-Za-z0-9_-]/g;
const NAME_CHARS = 64;

/** Calls as they were heard: their ids, and what was said to be their arguments. */
export type HeardCalls = readonly { readonly toolCallId: string; readonly input: unknown }[];

/**
 * What a model said in a form in which its vendor takes it back. A model may call tools by impossible names, or with arguments that are cut
 * off, and servers that imitate a vendor give one id to several calls, or none; sent back as it is, that is refused with everything else, and
 * the conversation is over.
 */
export function sendable(messages: readonly ModelMessage[], heard: HeardCalls): ModelMessage[] {
  // Calls of one id are told apart by their order alone.
  const said = new Map<string, unknown[]>();
  for (const { toolCallId, input } of heard) said.set(toolCallId, [...(said.get(toolCallId) ?? []), input]);
  const ids = new Set<string>();
  return messages.map(message => {
    if (message.role !== 'assistant' || typeof message.content === 'string') return message;
    const content = message.content.map(part => {
      if (part.type !== 'tool-call') return part;
      const toolName = part.toolName.replace(NO_NAME, '_').slice(0, NAME_CHARS) || '_';
      const toolCallId = unused(part.toolCallId, ids);
      return { ...part, toolCallId, toolName, input: objectOf(said.get(part.toolCallId)?.shift() ?? part.input) };
    });
    return { ...message, content };
  });
}

/** The id, or one like it that no call before it has. */
function unused(id: string, ids: Set<string>): string {
  const own = id === '' ? 'call' : id;
  let free = own;
  for (let n = 2; ids.has(free); n += 1) free = `${own}_${n}`;
  ids.add(free);
  return free;
}

function objectOf(input: unknown): object {
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  return { [UNREADABLE]: headOf(typeof input === 'string' ? input : JSON.stringify(input), SHOWN_CHARS) };
}

/** Whether the arguments of a call could not be read when it was heard. */
export function isUnreadable(input: unknown): boolean {
  return typeof input === 'object' && input !== null && UNREADABLE in input;
}

/** Text that comes in pieces, none of which ends within a character: the rest of it comes with the next one. */
export class WholeCharacters {
  readonly #halves = new Map<string, string>();

  /** `id` of the text that the piece is of. */
  of(id: string, piece: string): string {
    const text = (this.#halves.get(id) ?? '') + piece;
    const isHalf = /[\uD800-\uDBFF]$/.test(text);
    this.#halves.set(id, isHalf ? text.slice(-1) : '');
    return isHalf ? text.slice(0, -1) : text;
  }
}
