import type { CommandClient } from '../commands/command-client.js';
import { currentTraceparent } from '../traces/work.js';

/** Commands to other processes say to which trace they belong. */
export function carryingCommands(client: CommandClient): CommandClient {
  return {
    send: (command, input, context) => {
      const traceparent = currentTraceparent() ?? context.traceparent;
      return client.send(command, input, { ...context, ...(traceparent !== undefined && { traceparent }) });
    },
  };
}
