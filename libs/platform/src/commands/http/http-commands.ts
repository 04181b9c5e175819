import { setTimeout as delay } from 'node:timers/promises';
import type { CommandContext } from '@runledger/event-store';
import type { CommandClient, CommandOutcome, CommandShape } from '../command-client.js';
import { ServiceUnavailableError } from '../command-errors.js';
import { parsedInput } from '../in-process-commands.js';
import { CommandPost } from './command-post.js';
import { DEADLINE_HEADER, decodeAnswer, encodeRequest, IDEMPOTENCY_HEADER } from './command-wire.js';
import { CommandTimeoutError } from './http-errors.js';
import type { ServiceTokenSigner } from './service-tokens.js';

export interface HttpCommandsOptions {
  /** Base URLs of the replicas of each service, without a trailing slash. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  readonly tokens: ServiceTokenSigner;
  /** How long a caller waits for an answer, whoever gives it; default 15,000. */
  readonly deadlineMs?: number;
  /** After this long without an answer the next replica is asked, or the same again; default 5,000. */
  readonly tryMs?: number;
  /** How long a service of which no replica answers is asked again: long enough for one to restart; default 5,000. */
  readonly patienceMs?: number;
}

type Command = CommandShape<unknown, unknown, string>;

interface Order {
  readonly command: Command;
  readonly body: string;
  readonly commandId: string;
  /** In ms of `performance.now()`. */
  readonly deadline: number;
}

/** What one replica said; undefined when it said nothing, or that it takes nothing now. */
type Said = { readonly text: string } | { readonly text: undefined; readonly cause: unknown };

const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 400;

/**
 * The transport between processes: `POST <address>/commands/<service>/<name>`. A replica that does not answer is passed over
 * for the next one, also when it may have done the work already: the command's id makes that count once (R1).
 */
export class HttpCommands implements CommandClient {
  readonly #post = new CommandPost();
  #turn = 0;

  constructor(private readonly options: HttpCommandsOptions) {}

  /**
   * Throws `ServiceUnavailableError` when no replica takes commands, `CommandTimeoutError` when none answered in time, and what
   * the service threw.
   */
  async send<Input, Output, Code extends string>(
    command: CommandShape<Input, Output, Code>,
    input: NoInfer<Input>,
    context: CommandContext,
  ): Promise<CommandOutcome<Output, Code>> {
    parsedInput(command, input);
    const body = encodeRequest(input, context);
    const deadline = performance.now() + (this.options.deadlineMs ?? 15_000);
    const order = { command: command as Command, body, commandId: context.commandId, deadline };
    return decodeAnswer(command, await this.#ask(order));
  }

  async #ask(order: Order): Promise<string> {
    const { service, name } = order.command;
    const patientUntil = performance.now() + (this.options.patienceMs ?? 5_000);
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const said = await this.#askAll(order);
      if (said.text !== undefined) return said.text;
      if (performance.now() + pauseMs > Math.min(patientUntil, order.deadline)) {
        throw new ServiceUnavailableError(service, name, said.cause);
      }
      await delay(pauseMs);
    }
  }

  /** Each replica once, beginning with another one each time. */
  async #askAll(order: Order): Promise<Said> {
    const addresses = this.options.addresses[order.command.service] ?? [];
    const first = this.#turn++;
    let last: Said = { text: undefined, cause: undefined };
    for (let index = 0; index < addresses.length; index += 1) {
      last = await this.#askOne(addresses[(first + index) % addresses.length] ?? '', order);
      if (last.text !== undefined) return last;
    }
    return last;
  }

  async #askOne(address: string, order: Order): Promise<Said> {
    const { command, body, commandId, deadline } = order;
    const { deadlineMs = 15_000, tryMs = 5_000 } = this.options;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw new CommandTimeoutError(command.service, command.name, deadlineMs);
    const withinMs = Math.ceil(Math.min(tryMs, leftMs));
    const headers = await this.#headers({ command, body, commandId, withinMs });
    try {
      const url = `${address}/commands/${command.service}/${command.name}`;
      const { status, text } = await this.#post.post(url, { headers, body, withinMs });
      return saysNothing(status) ? { text: undefined, cause: text } : { text };
    } catch (cause) {
      return { text: undefined, cause };
    }
  }

  async #headers(order: Omit<Order, 'deadline'> & { readonly withinMs: number }): Promise<Record<string, string>> {
    const { command, body, commandId, withinMs } = order;
    const purpose = { service: command.service, command: command.name, commandId, body };
    return {
      'content-type': 'application/json',
      authorization: `Bearer ${await this.options.tokens.sign(purpose)}`,
      [IDEMPOTENCY_HEADER]: commandId,
      [DEADLINE_HEADER]: String(Date.now() + withinMs),
    };
  }
}

/** It takes nothing now, or sends us somewhere else, where no command and no token goes. */
function saysNothing(status: number): boolean {
  return status === 503 || (status >= 300 && status < 400);
}
