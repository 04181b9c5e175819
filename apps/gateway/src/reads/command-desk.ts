import { Inject, Injectable } from '@nestjs/common';
import { newUuid, type CommandContext } from '@runledger/event-store';
import type { CommandDefinition } from '@runledger/contracts';
import { CLOCK, COMMAND_CLIENT, ServiceUnavailableError } from '@runledger/platform';
import type { Clock, CommandClient, CommandOutcome } from '@runledger/platform';
import { actorOf, type Caller } from '../access/caller.js';
import { RequestError } from '../graph/request-errors.js';
import { fitting } from './fitting.js';

/** Where requests become commands: in the caller's name, in the caller's workspace, now. */
@Injectable()
export class CommandDesk {
  constructor(
    @Inject(COMMAND_CLIENT) private readonly commands: CommandClient,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** `runId`: the run whose story the command belongs to, when there is one. */
  async send<Input, Output, Code extends string>(
    command: CommandDefinition<Input, Output, Code>,
    input: NoInfer<Input>,
    caller: Caller,
    runId?: string,
  ): Promise<CommandOutcome<Output, Code>> {
    return this.#send(command, input, this.contextOf(caller, runId));
  }

  /** The same for a command that has an id of its own: sent again, it is answered as the first time (R1). */
  async sendOnce<Input, Output, Code extends string>(
    command: CommandDefinition<Input, Output, Code>,
    input: NoInfer<Input>,
    caller: Caller,
    { commandId, runId }: { readonly commandId: string; readonly runId: string },
  ): Promise<CommandOutcome<Output, Code>> {
    return this.#send(command, input, { ...this.contextOf(caller, runId), commandId });
  }

  async #send<Input, Output, Code extends string>(
    command: CommandDefinition<Input, Output, Code>,
    input: NoInfer<Input>,
    context: CommandContext,
  ): Promise<CommandOutcome<Output, Code>> {
    const fit = fitting(command.input, input);
    try {
      return await this.commands.send(command, fit, context);
    } catch (cause) {
      if (!(cause instanceof ServiceUnavailableError)) throw cause;
      throw new RequestError('PLATFORM_STARTING', 'The platform is still starting.', 'Try again in a few seconds.', {
        cause,
      });
    }
  }

  contextOf(caller: Caller, runId?: string): CommandContext {
    const commandId = newUuid();
    return {
      commandId,
      workspaceId: caller.workspaceId,
      actor: actorOf(caller),
      occurredAt: this.clock.now(),
      correlationId: runId ?? commandId,
    };
  }
}
