import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { AssistantModelMessage, ModelMessage } from '@ai-sdk/provider-utils';
import { cachedConversation, cachedInstructions } from './prompt-cache.js';

type AssistantPart = Exclude<AssistantModelMessage['content'], string>[number];
type PromptPart = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'][number];

/** A conversation as it is kept, in the form in which a model is given it. */
export function promptOf(
  instructions: string | undefined,
  conversation: readonly ModelMessage[],
): LanguageModelV4Prompt {
  const said = cachedConversation(conversation).map(promptMessage);
  return instructions === undefined ? said : [cachedInstructions(instructions), ...said];
}

function promptMessage(message: ModelMessage): LanguageModelV4Message {
  const { role, content } = message;
  const options = message.providerOptions && { providerOptions: message.providerOptions };
  switch (role) {
    case 'system':
      return { role, content, ...options };
    case 'user':
      if (typeof content !== 'string') throw neverKept(role, 'list');
      return { role, content: [{ type: 'text', text: content }], ...options };
    case 'assistant':
      if (typeof content === 'string') return { role, content: [{ type: 'text', text: content }], ...options };
      return { role, content: content.filter(saysSomething).map(assistantPart), ...options };
    case 'tool':
      return { role, content: content.map(toolPart), ...options };
  }
}

type ToolPart = Extract<ModelMessage, { role: 'tool' }>['content'][number];
type ResultPart = Extract<LanguageModelV4Message, { role: 'tool' }>['content'][number];

function toolPart(part: ToolPart): ResultPart {
  if (part.type !== 'tool-result' || part.output.type === 'content') throw neverKept('tool', part.type);
  return { ...part, output: part.output };
}

/** Vendors refuse empty texts; one that carries something for its vendor goes back to it. */
function saysSomething(part: AssistantPart): boolean {
  return part.type !== 'text' || part.text !== '' || part.providerOptions !== undefined;
}

function assistantPart(part: AssistantPart): PromptPart {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'custom':
    case 'tool-call':
      return part;
    default:
      throw neverKept('assistant', part.type);
  }
}

function neverKept(role: string, what: string): TypeError {
  return new TypeError(`No conversation that is kept has a ${what} of ${role}.`);
}
