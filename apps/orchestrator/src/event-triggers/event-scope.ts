import { catalogue, type Json } from '@runledger/contracts';
import type { CommandHandler, RecordedEvent } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { stepsNamedIn, type ExpressionScope } from '../expressions/evaluate-expression.js';
import { isRunId } from '../runs/run-ids.js';
import { run } from '../runs/run.decider.js';
import type { KnownRun } from '../runs/run-state.js';
import { stepsInScope } from '../runs/step-conditions.js';

type Fields = Readonly<Record<string, Json>>;

/** What the expressions of triggers can speak of: an event, and the run that it belongs to as it is by now. */
export class EventScope {
  private constructor(
    private readonly event: RecordedEvent,
    private readonly run: KnownRun | undefined,
  ) {}

  static async of(event: RecordedEvent, commands: CommandHandler): Promise<EventScope> {
    const runId = event.metadata.correlationId;
    if (!isRunId(runId)) return new EventScope(event, undefined);
    const { state } = await commands.load(run, { tenant: event.tenant, name: streamOf('run', runId) });
    return new EventScope(event, 'plan' in state ? state : undefined);
  }

  /** How many runs that agents or events started led to this event. */
  get depth(): number {
    return this.run?.plan.started.trigger.depth ?? 0;
  }

  for(expression: string): ExpressionScope {
    const { run: known } = this;
    const started = known?.plan.started;
    return {
      parameters: known?.plan.parameters ?? {},
      steps: known ? stepsInScope(known, stepsNamedIn(expression)) : {},
      run: {
        id: started?.runId ?? null,
        flow: started?.flowSlug ?? null,
        version: started?.flowVersion ?? null,
        trigger: started?.trigger.kind ?? null,
        startedBy: started?.startedBy.id ?? null,
        subject: started?.subject ? { kind: started.subject.kind, id: started.subject.id } : null,
      },
      event: shown(this.event),
    };
  }
}

/**
 * Without what is personal: a copy of it among the parameters of a run would outlive the person's erasure.
 */
function shown({ id, type, stream, data, metadata }: RecordedEvent): Fields {
  const { actor, occurredAt } = metadata;
  const personal = (catalogue.find(type)?.personal ?? []).map(({ field }) => field.split('.'));
  return {
    ...{ id, type, stream, at: occurredAt, by: { kind: actor.kind, id: actor.id } },
    data: personal.reduce(without, data as Json),
  };
}

function without(value: Json, path: readonly string[]): Json {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { [name]: member, ...others } = value;
  if (member === undefined) return value;
  return rest.length === 0 ? others : { ...others, [name]: without(member, rest) };
}
