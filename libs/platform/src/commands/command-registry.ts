import type { CommandContext } from '@runledger/event-store';
import type { CommandObserver } from '../observed/observed-commands.js';
import type { CommandImplementation, CommandOutcome, CommandShape } from './command-client.js';

/** A command with the one implementation of it. */
export interface AnsweredCommand {
  readonly command: CommandShape<unknown, unknown, string>;
  answer(input: unknown, context: CommandContext): Promise<CommandOutcome<unknown, string>>;
}

/** What the services of this process answer, whichever transport brings it. */
export class CommandRegistry {
  readonly #answered = new Map<string, AnsweredCommand>();

  /** `observer` sees every command that is answered here. */
  constructor(private readonly observer?: CommandObserver) {}

  /** Registers the one implementation of a command. A second one is a defect and throws. */
  answer<Input, Output, Code extends string>(
    command: CommandShape<Input, Output, Code>,
    implementation: CommandImplementation<NoInfer<Input>, NoInfer<Output>, NoInfer<Code>>,
  ): void {
    const key = keyOf(command);
    if (this.#answered.has(key)) throw new TypeError(`Two implementations of command ${key}.`);
    const answer = implementation as AnsweredCommand['answer'];
    this.#answered.set(key, { command, answer: this.#observed(key, answer) });
  }

  find(command: { readonly service: string; readonly name: string }): AnsweredCommand | undefined {
    return this.#answered.get(keyOf(command));
  }

  #observed(key: string, answer: AnsweredCommand['answer']): AnsweredCommand['answer'] {
    const { observer } = this;
    if (!observer) return answer;
    return (input, context) => observer(key, context, seen => answer(input, seen));
  }
}

function keyOf({ service, name }: { readonly service: string; readonly name: string }): string {
  return `${service}.${name}`;
}
