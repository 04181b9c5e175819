import { Inject, Injectable } from '@nestjs/common';
import { newUuid, type CommandContext } from '@runledger/event-store';
import type { CommandDefinition } from '@runledger/contracts';
import { CLOCK, COMMAND_CLIENT, ServiceUnavailableError } from '@runledger/platform';
import type { Clock, CommandClient, CommandOutcome } from '@runledger/platform';
import { z } from 'zod';
import { actorOf, type Caller } from '../access/caller.js';
import { RequestError } from '../graph/request-errors.js';

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
    assertFits(command, input);
    try {
      return await this.commands.send(command, input, this.contextOf(caller, runId));
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

/** What does not fit a command's schema is the caller's affair: say where, instead of calling it a defect. */
function assertFits<Input>(command: CommandDefinition<Input, unknown>, input: Input): void {
  try {
    command.input.parse(input);
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    const [issue] = cause.issues;
    const where = issue?.path.join('.') ?? '';
    throw new RequestError(
      'BAD_USER_INPUT',
      `${where || 'The request'}: ${issue?.message ?? 'does not fit.'}`,
      undefined,
      {
        cause,
      },
    );
  }
}
