import type { CreateSchedule, InputOf, Json, PreviewSchedule } from '@runledger/contracts';
import { jsonObject } from '../graph/json-object.js';

type CreateCommand = InputOf<typeof CreateSchedule>;

interface WhenArgs {
  readonly expression: string;
  readonly timeZone?: string | null;
  readonly startAt?: string | null;
  readonly endAt?: string | null;
}

export interface PreviewArgs extends WhenArgs {
  readonly first?: number | null;
}

export interface ScheduleInput extends WhenArgs {
  readonly name?: string | null;
  readonly flow: string;
  readonly version?: number | null;
  readonly parameters?: Json | null;
  readonly profile?: string | null;
  readonly execution?: CreateCommand['start']['choices']['execution'] | null;
  readonly checkpointMode?: CreateCommand['start']['choices']['checkpointMode'] | null;
  readonly catchUp?: CreateCommand['catchUp']['policy'] | null;
  readonly catchUpMax?: number | null;
}

export function previewCommand({ first, ...when }: PreviewArgs): InputOf<typeof PreviewSchedule> {
  return { ...whenOf(when), count: first ?? 5 };
}

export function createCommand(input: ScheduleInput): CreateCommand {
  const { name, flow, version, profile, execution, checkpointMode } = input;
  return {
    ...whenOf(input),
    ...(name != null && { name }),
    start: {
      flow,
      ...(version != null && { version }),
      parameters: jsonObject(input.parameters, 'parameters'),
      choices: {
        ...(profile != null && { profile }),
        ...(execution != null && { execution }),
        ...(checkpointMode != null && { checkpointMode }),
      },
    },
    catchUp: { policy: input.catchUp ?? 'ONE', max: input.catchUpMax ?? 10 },
  };
}

function whenOf({ expression, timeZone, startAt, endAt }: WhenArgs) {
  return {
    expression,
    ...(timeZone != null && { timeZone }),
    ...(startAt != null && { startAt }),
    ...(endAt != null && { endAt }),
  };
}
