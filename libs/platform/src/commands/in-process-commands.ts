import type { CommandContext } from '@runledger/event-store';
import { Fault, RetryableError } from '@runledger/kernel';
import type { CommandClient, CommandImplementation, CommandOutcome, CommandShape } from './command-client.js';

/** Nobody in this process answers the command (yet): start the service that owns it, or send it again in a moment. */
export class ServiceUnavailableError extends RetryableError {
  constructor(service: string, command: string) {
    super('SERVICE_UNAVAILABLE', `The ${service} service does not answer ${command} here; is it started?`, {
      fields: { service, command },
    });
  }
}

/** The command's data does not fit its schema: a defect of the caller. */
export class InvalidCommandError extends Fault {
  constructor(command: string, cause: unknown) {
    super('INVALID_COMMAND', `Command ${command} was not sent: its data does not fit its schema.`, { cause });
  }
}

/** The transport of one process: services register what they answer, callers send. */
export class InProcessCommands implements CommandClient {
  readonly #implementations = new Map<string, CommandImplementation<unknown, unknown, string>>();

  /** Registers the one implementation of a command. A second one is a defect and throws. */
  answer<Input, Output, Code extends string>(
    command: CommandShape<Input, Output, Code>,
    implementation: CommandImplementation<NoInfer<Input>, NoInfer<Output>, NoInfer<Code>>,
  ): void {
    const key = `${command.service}.${command.name}`;
    if (this.#implementations.has(key)) throw new TypeError(`Two implementations of command ${key}.`);
    this.#implementations.set(key, implementation as CommandImplementation<unknown, unknown, string>);
  }

  async send<Input, Output, Code extends string>(
    command: CommandShape<Input, Output, Code>,
    input: NoInfer<Input>,
    context: CommandContext,
  ): Promise<CommandOutcome<Output, Code>> {
    const implementation = this.#implementations.get(`${command.service}.${command.name}`);
    if (!implementation) throw new ServiceUnavailableError(command.service, command.name);
    const outcome = await implementation(parsed(command, input), context);
    return outcome as CommandOutcome<Output, Code>;
  }
}

function parsed<Input>(command: CommandShape<Input, unknown, string>, input: unknown): Input {
  try {
    return command.input.parse(input);
  } catch (cause) {
    throw new InvalidCommandError(command.name, cause);
  }
}
