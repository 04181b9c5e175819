import type { CommandContext } from '@runledger/event-store';
import type { CommandClient, CommandOutcome, CommandShape } from './command-client.js';
import { InvalidCommandError, ServiceUnavailableError } from './command-errors.js';
import type { CommandRegistry } from './command-registry.js';

/** The transport of one process: what is sent is answered here. */
export class InProcessCommands implements CommandClient {
  constructor(private readonly registry: CommandRegistry) {}

  async send<Input, Output, Code extends string>(
    command: CommandShape<Input, Output, Code>,
    input: NoInfer<Input>,
    context: CommandContext,
  ): Promise<CommandOutcome<Output, Code>> {
    const answered = this.registry.find(command);
    if (!answered) throw new ServiceUnavailableError(command.service, command.name);
    const outcome = await answered.answer(parsedInput(command, input), context);
    return outcome as CommandOutcome<Output, Code>;
  }
}

/** Throws {@link InvalidCommandError}. */
export function parsedInput<Input>(command: CommandShape<Input, unknown, string>, input: unknown): Input {
  try {
    return command.input.parse(input);
  } catch (cause) {
    throw new InvalidCommandError(command.name, cause);
  }
}
