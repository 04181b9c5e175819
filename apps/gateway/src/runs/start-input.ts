import type { InputOf, Json, StartRun } from '@runledger/contracts';
import { jsonObject } from '../graph/json-object.js';

type StartCommand = InputOf<typeof StartRun>;

/** `StartRunInput` of the API. */
export interface StartRunInput {
  readonly flow: string;
  readonly version?: number | null;
  readonly onlyStep?: string | null;
  readonly parameters?: Json | null;
  readonly profile?: string | null;
  readonly execution?: StartCommand['choices']['execution'] | null;
  readonly checkpointMode?: StartCommand['choices']['checkpointMode'] | null;
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
  const { flow, version, onlyStep, parameters, profile, execution, checkpointMode, subject, idempotencyKey } = input;
  return {
    flow,
    ...(version != null && { version }),
    ...(onlyStep != null && { onlyStep }),
    parameters: jsonObject(parameters, 'parameters'),
    choices: {
      ...(profile != null && { profile }),
      ...(execution != null && { execution }),
      ...(checkpointMode != null && { checkpointMode }),
    },
    trigger: { kind: 'manual' },
    ...(subject != null && { subject: subjectOf(subject) }),
    ...(idempotencyKey != null && { idempotencyKey }),
  };
}

function subjectOf({ kind, id, url, context }: NonNullable<StartRunInput['subject']>): StartCommand['subject'] {
  const known = context == null ? {} : { context: jsonObject(context, 'subject.context') };
  return { kind, id, ...(url != null && { url }), ...known };
}
