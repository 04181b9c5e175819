import type { CommandContext, Position } from '@runledger/event-store';
import type { Problem } from '@runledger/kernel';

/** The shape of a command definition that the transport needs; `contracts` holds the real ones. */
export interface CommandShape<Input, Output, Code extends string> {
  readonly service: string;
  readonly name: string;
  readonly input: { parse(input: unknown): Input };
  readonly output: { parse(output: unknown): Output };
  readonly refusals: readonly Code[];
}

/** What a service answers: done, or a typed "no". `position` lets the caller wait for read models (`atLeast`). */
export type CommandOutcome<Output, Code extends string> =
  | { readonly status: 'accepted'; readonly output: Output; readonly position: Position | undefined }
  | {
      readonly status: 'refused';
      readonly refusal: {
        readonly rejected: Code;
        readonly message: string;
        readonly fix?: string;
        readonly details?: readonly Problem[];
      };
    };

/** Sends commands to the services that own them; the caller does not know where they run. Faults are thrown. */
export interface CommandClient {
  send<Input, Output, Code extends string>(
    command: CommandShape<Input, Output, Code>,
    input: NoInfer<Input>,
    context: CommandContext,
  ): Promise<CommandOutcome<Output, Code>>;
}

export type CommandImplementation<Input, Output, Code extends string> = (
  input: Input,
  context: CommandContext,
) => Promise<CommandOutcome<Output, Code>>;

/** Injection tokens: interfaces have none of their own. */
export const COMMAND_CLIENT = Symbol('CommandClient');
export const EVENT_STORE = Symbol('EventStore');
/** The log as it is stored, personal fields sealed: for whoever needs its very bytes. */
export const STORED_LOG = Symbol('StoredLog');
/** How events reach those who follow the log. */
export const DISTRIBUTION = Symbol('Distribution');
export const CHECKPOINTS = Symbol('Checkpoints');
export const CLOCK = Symbol('Clock');
export const BLOB_STORE = Symbol('BlobStore');

/** The present, injected: tests bring their own. */
export interface Clock {
  /** ISO 8601 UTC with milliseconds. */
  now(): string;
}
