import type { InputOf, Json, StartRun } from '@runledger/contracts';
import { jsonObject } from '../graph/json-object.js';

type StartCommand = InputOf<typeof StartRun>;

/** What to start and how, as the API takes it wherever something starts runs. */
export interface StartInput {
  readonly flow: string;
  readonly version?: number | null;
  readonly parameters?: Json | null;
  readonly profile?: string | null;
  readonly execution?: StartCommand['choices']['execution'] | null;
  readonly checkpointMode?: StartCommand['choices']['checkpointMode'] | null;
}

/** `StartRunInput` of the API. */
export interface StartRunInput extends StartInput {
  readonly onlyStep?: string | null;
  readonly subject?: {
    readonly kind: string;
    readonly id: string;
    readonly url?: string | null;
    readonly context?: Json | null;
  } | null;
  readonly idempotencyKey?: string | null;
}

/** What the API was asked, as the command that every way of starting ends in. */
export function startCommand(input: StartRunInput): StartCommand {
  const { onlyStep, subject, idempotencyKey } = input;
  return {
    ...startOf(input),
    ...(onlyStep != null && { onlyStep }),
    trigger: { kind: 'manual' },
    ...(subject != null && { subject: subjectOf(subject) }),
    ...(idempotencyKey != null && { idempotencyKey }),
  };
}

/** The same as every command says it that starts runs, or has them started later. */
export function startOf(input: StartInput) {
  const { flow, version, profile, execution, checkpointMode } = input;
  return {
    flow,
    ...(version != null && { version }),
    parameters: jsonObject(input.parameters, 'parameters'),
    choices: {
      ...(profile != null && { profile }),
      ...(execution != null && { execution }),
      ...(checkpointMode != null && { checkpointMode }),
    },
  };
}

function subjectOf({ kind, id, url, context }: NonNullable<StartRunInput['subject']>): StartCommand['subject'] {
  const known = context == null ? {} : { context: jsonObject(context, 'subject.context') };
  return { kind, id, ...(url != null && { url }), ...known };
}
