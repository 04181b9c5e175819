import type { Schema } from '@runledger/kernel';

/** The services that answer commands. */
export type ServiceName = 'orchestrator' | 'sandbox' | 'approval' | 'billing' | 'audit';

/** One command of one service: what goes in, what comes back when it is accepted, and each typed refusal. */
export interface CommandDefinition<Input = unknown, Output = unknown, Code extends string = string> {
  readonly service: ServiceName;
  readonly name: string;
  readonly input: Schema<Input>;
  readonly output: Schema<Output>;
  readonly refusals: readonly Code[];
}

export function defineCommand<Input, Output, const Code extends string>(
  definition: CommandDefinition<Input, Output, Code>,
): CommandDefinition<Input, Output, Code> {
  return definition;
}

export type InputOf<Definition> = Definition extends CommandDefinition<infer Input, infer _O, infer _C> ? Input : never;
export type OutputOf<Definition> =
  Definition extends CommandDefinition<infer _I, infer Output, infer _C> ? Output : never;
export type RefusalOf<Definition> = Definition extends CommandDefinition<infer _I, infer _O, infer Code> ? Code : never;
