import type { CreateSchedule, InputOf, PreviewSchedule } from '@runledger/contracts';
import { startOf, type StartInput } from '../runs/start-input.js';

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

export interface ScheduleInput extends WhenArgs, StartInput {
  readonly name?: string | null;
  readonly catchUp?: CreateCommand['catchUp']['policy'] | null;
  readonly catchUpMax?: number | null;
}

export function previewCommand({ first, ...when }: PreviewArgs): InputOf<typeof PreviewSchedule> {
  return { ...whenOf(when), count: first ?? 5 };
}

export function createCommand(input: ScheduleInput): CreateCommand {
  const { name } = input;
  return {
    ...whenOf(input),
    ...(name != null && { name }),
    start: startOf(input),
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
