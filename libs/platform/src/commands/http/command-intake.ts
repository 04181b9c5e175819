import { setTimeout as delay } from 'node:timers/promises';
import { Fault, TransientSet } from '@runledger/kernel';
import { isTransient } from '@runledger/messaging';
import type { Log } from '../../logs/create-log.js';
import { InvalidCommandError } from '../command-errors.js';
import type { AnsweredCommand, CommandRegistry } from '../command-registry.js';
import { parsedInput } from '../in-process-commands.js';
import { decodeRequest, encodeFault, encodeOutcome } from './command-wire.js';
import {
  CallerNotAllowedError,
  DeadlinePassedError,
  MalformedCommandError,
  NotTakingCommandsError,
  ServiceFailedError,
  ServiceHinderedError,
  ServiceTokenRefusedError,
  UnknownCommandError,
} from './http-errors.js';
import { CLOCK_TOLERANCE_MS } from './service-tokens.js';
import type { ServiceTokenCheck } from './service-tokens.js';

export interface CommandIntakeOptions {
  readonly service: string;
  readonly registry: CommandRegistry;
  readonly tokens: ServiceTokenCheck;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** A command as it came in, not yet believed. */
export interface ArrivedCommand {
  readonly service: string;
  readonly name: string;
  readonly token: string | undefined;
  readonly commandId: string | undefined;
  /** Unix time in ms. */
  readonly deadline: string | undefined;
  readonly body: Buffer;
}

export interface CommandAnswer {
  /** HTTP status. 503 alone means: ask somebody else, or again. */
  readonly status: number;
  readonly body: string;
}

/** Where a service takes in commands that come over a network: who asks, in time, and what is known; then the service answers. */
export class CommandIntake {
  readonly #underWay = new TransientSet<Promise<unknown>>();
  #open = true;

  constructor(private readonly options: CommandIntakeOptions) {}

  /** Never throws. */
  async take(arrived: ArrivedCommand): Promise<CommandAnswer> {
    const work = this.#answer(arrived);
    this.#underWay.add(work);
    try {
      return { status: 200, body: await work };
    } catch (error) {
      return this.#refusal(arrived, error);
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Takes no more, and waits for what is under way. False when that takes longer: its callers will send it again (R1). */
  async close(withinMs: number): Promise<boolean> {
    this.#open = false;
    const late = new AbortController();
    const finished = Promise.allSettled(this.#underWay).then(() => true);
    const timeout = delay(withinMs, false, { signal: late.signal }).catch(() => false);
    return Promise.race([finished, timeout]).finally(() => late.abort());
  }

  async #answer(arrived: ArrivedCommand): Promise<string> {
    const { service } = this.options;
    if (!this.#open) throw new NotTakingCommandsError(service);
    const { name, body, commandId } = arrived;
    if (commandId === undefined) throw new MalformedCommandError(service, 'it has no idempotency key');
    // Before anything else is believed. A body that belongs to the token came from a service of ours.
    await this.options.tokens.callerOf(arrived.token, { service, command: name, commandId, body });
    const answered = this.#find(arrived);
    if (!isInTime(arrived.deadline)) throw new DeadlinePassedError(service, name);
    const { input, context } = this.#read(body);
    if (context.commandId !== commandId) throw new MalformedCommandError(service, 'its ids differ');
    return encodeOutcome(await answered.answer(parsedInput(answered.command, input), context));
  }

  #find({ service, name }: ArrivedCommand): AnsweredCommand {
    const found = service === this.options.service ? this.options.registry.find({ service, name }) : undefined;
    if (!found) throw new UnknownCommandError(service, name);
    return found;
  }

  #read(body: Buffer) {
    try {
      return decodeRequest(body);
    } catch (cause) {
      throw new MalformedCommandError(this.options.service, 'its body does not fit', cause);
    }
  }

  #refusal(arrived: ArrivedCommand, error: unknown): CommandAnswer {
    const { service } = this.options;
    const fault = error instanceof Fault ? error : unnamed(error, { service, command: arrived.name });
    const status = statusOf(fault);
    this.#writeDown(arrived, error, status);
    return { status, body: encodeFault(fault) };
  }

  /** What broke here with all that is known of it; what was turned away in one line. */
  #writeDown({ name, commandId }: ArrivedCommand, error: unknown, status: number): void {
    const { log } = this.options;
    const about = { command: name, commandId };
    if (status === 500 || !(error instanceof Fault))
      log[isTransient(error) ? 'warn' : 'error']({ ...about, err: error }, 'a command failed');
    else if (status !== 503) log.warn({ ...about, reason: error.message }, 'a command was turned away');
  }
}

function unnamed(error: unknown, { service, command }: { readonly service: string; readonly command: string }): Fault {
  return isTransient(error) ? new ServiceHinderedError(service, command) : new ServiceFailedError(service, command);
}

function isInTime(deadline: string | undefined): boolean {
  return deadline === undefined || Date.now() <= Number(deadline) + CLOCK_TOLERANCE_MS;
}

function statusOf(fault: Fault): number {
  if (fault instanceof NotTakingCommandsError || fault instanceof ServiceHinderedError) return 503;
  if (fault instanceof ServiceTokenRefusedError) return 401;
  if (fault instanceof CallerNotAllowedError) return 403;
  if (fault instanceof UnknownCommandError) return 404;
  if (fault instanceof DeadlinePassedError) return 504;
  return fault instanceof MalformedCommandError || fault instanceof InvalidCommandError ? 400 : 500;
}
