import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { AssistantModelMessage } from '@ai-sdk/provider-utils';
import type { ToolName } from '@runledger/contracts';
import { readArguments } from './function-tools.js';
import { bucketsOf, earlyBuckets } from './model-usage.js';
import type { TokenBuckets } from './model-usage.js';

export interface RequestedCall {
  readonly toolCallId: string;
  readonly tool: string;
  readonly input: unknown;
}

/** A piece of what a model says or thinks. */
export interface HeardPiece {
  readonly kind: 'text' | 'reasoning';
  /** What it is a piece of; unique among what is of its kind in the answer. */
  readonly id: string;
  readonly piece: string;
}

type Content = Exclude<AssistantModelMessage['content'], string>;
type Passage = Extract<Content[number], { type: 'text' | 'reasoning' }>;
type PartOf<Type extends LanguageModelV4StreamPart['type']> = Extract<LanguageModelV4StreamPart, { type: Type }>;
type PassagePart = PartOf<`${'text' | 'reasoning'}-${'start' | 'delta' | 'end'}`>;

/** What a model has said so far in one answer, put together from the parts in which it comes. */
export class HeardAnswer {
  readonly calls: RequestedCall[] = [];
  text = '';
  finish: LanguageModelV4FinishReason | undefined;
  usage: TokenBuckets | undefined;
  /** What the provider complained of, or why its answer could not be read any more. */
  error: unknown;
  readonly #content: Content = [];
  readonly #passages = new Passages();

  /** `tools` are those that the model was told of. */
  constructor(private readonly tools: readonly ToolName[]) {}

  /** Its vendor takes it back as it is. Empty: nothing was said. */
  get messages(): readonly AssistantModelMessage[] {
    const content = this.#content.filter(part => part.type !== 'text' || part.text !== '' || part.providerOptions);
    return content.length === 0 ? [] : [{ role: 'assistant', content }];
  }

  /** Answers what was said with it. */
  hear(part: LanguageModelV4StreamPart): HeardPiece | undefined {
    switch (part.type) {
      case 'text-start':
      case 'text-delta':
      case 'text-end':
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        return this.#say(part);
      case 'tool-call':
        this.#call(part);
        return undefined;
      case 'custom':
        this.#tell(part);
        return undefined;
      case 'finish':
        this.finish = part.finishReason;
        this.usage = bucketsOf(part.usage) ?? this.usage;
        return undefined;
      case 'error':
        this.error = part.error;
        return undefined;
      default: // What vendors do by themselves, such as to search, is not asked of them.
        return undefined;
    }
  }

  #say(part: PassagePart): HeardPiece | undefined {
    const kind = part.type.startsWith('text') ? 'text' : 'reasoning';
    const passage = this.#passages.of(kind, part);
    if (!passage) return undefined;
    const { id, said, isNew } = passage;
    if (isNew) this.#content.push(said);
    if (part.providerMetadata) said.providerOptions = part.providerMetadata;
    if (!('delta' in part)) return undefined;
    said.text += part.delta;
    if (kind === 'text') this.text += part.delta;
    return { kind, id, piece: part.delta };
  }

  #call({ toolCallId, toolName, input: written, providerExecuted, providerMetadata }: PartOf<'tool-call'>): void {
    const input = readArguments({ toolName, input: written }, this.tools);
    this.calls.push({ toolCallId, tool: toolName, input });
    this.#content.push({
      ...{ type: 'tool-call', toolCallId, toolName, input },
      ...(providerExecuted !== undefined && { providerExecuted }),
      ...(providerMetadata && { providerOptions: providerMetadata }),
    });
  }

  #tell({ kind, providerMetadata }: PartOf<'custom'>): void {
    if (kind === 'anthropic.message_start') this.usage = earlyBuckets(providerMetadata?.['anthropic']?.['usage']);
    this.#content.push({ type: 'custom', kind, ...(providerMetadata && { providerOptions: providerMetadata }) });
  }
}

/** Texts and thoughts under the ids that a provider gives them, which it may give again once one is at its end. */
class Passages {
  readonly #open = new Map<string, { readonly id: string; readonly said: Passage }>();
  readonly #ids = new Set<string>();

  /** Undefined: the end of what never began. */
  of(kind: Passage['type'], { type, id }: PassagePart): { id: string; said: Passage; isNew: boolean } | undefined {
    const key = `${kind} ${id}`;
    const open = type.endsWith('-start') ? undefined : this.#open.get(key);
    if (type.endsWith('-end')) {
      this.#open.delete(key);
      return open && { ...open, isNew: false };
    }
    if (open) return { ...open, isNew: false };
    const passage = { id: this.#unused(kind, id), said: { type: kind, text: '' } };
    this.#open.set(key, passage);
    return { ...passage, isNew: true };
  }

  /** The id, or one like it that no other of its kind has. */
  #unused(kind: Passage['type'], id: string): string {
    let free = id;
    for (let n = 2; this.#ids.has(`${kind} ${free}`); n += 1) free = `${id}-${n}`;
    this.#ids.add(`${kind} ${free}`);
    return free;
  }
}
