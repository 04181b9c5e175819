import type { ModelMessage } from 'ai';
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
 * off; sent back as it is, that is refused with everything else, and the conversation is over.
 */
export function sendable(messages: readonly ModelMessage[], heard: HeardCalls): ModelMessage[] {
  const said = new Map(heard.map(({ toolCallId, input }) => [toolCallId, input]));
  return messages.map(message => {
    if (message.role !== 'assistant' || typeof message.content === 'string') return message;
    const content = message.content.map(part => {
      if (part.type !== 'tool-call') return part;
      const toolName = part.toolName.replace(NO_NAME, '_').slice(0, NAME_CHARS) || '_';
      return { ...part, toolName, input: objectOf(said.get(part.toolCallId) ?? part.input) };
    });
    return { ...message, content };
  });
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
