import type { NewEvent, RecordedEvent } from '@runledger/event-store';
import type { EventCatalogue, PersonalField } from '@runledger/kernel';
import { ERASED, openedText, sealedText, subjectOf } from './sealed-text.js';
import type { SubjectKeys } from './subject-keys.js';

type Fields = Readonly<Record<string, unknown>>;
type Replace = (text: string, subject: string | undefined) => Promise<string>;

/** Members alone are people; services and the system have no key. */
const isPerson = (id: unknown): id is string => typeof id === 'string' && id.startsWith('mem_');

/**
 * Seals and opens the personal fields of events: names of actors, and what event types declare as `personal`. An event of a type
 * without such fields, caused by no person, is handed on as it is: it costs one look at its actor.
 */
export class PersonalData {
  constructor(
    private readonly keys: SubjectKeys,
    private readonly catalogue: EventCatalogue,
  ) {}

  async sealed<Event extends NewEvent>(event: Event, workspaceId: string): Promise<Event> {
    const { actor } = event.metadata;
    const fields = this.#fieldsOf(event.type);
    const isNamed = actor.name !== undefined && isPerson(actor.id);
    if (fields.length === 0 && !isNamed) return event;
    const seal: Replace = async (text, subject) => {
      if (!isPerson(subject)) return text;
      const key = await this.keys.keyFor({ workspaceId, subject });
      return key ? sealedText(text, subject, key) : ERASED;
    };
    const metadata = isNamed
      ? { ...event.metadata, actor: { ...actor, name: await seal(actor.name, actor.id) } }
      : event.metadata;
    return { ...event, metadata, data: await replaced(event.data, fields, seal) };
  }

  async opened(event: RecordedEvent): Promise<RecordedEvent> {
    const { actor } = event.metadata;
    const fields = this.#fieldsOf(event.type);
    const isSealed = actor.name !== undefined && subjectOf(actor.name) !== undefined;
    if (fields.length === 0 && !isSealed) return event;
    const open: Replace = async text => {
      const subject = subjectOf(text);
      if (subject === undefined) return text;
      return openedText(text, await this.keys.keyOf({ workspaceId: event.tenant, subject }));
    };
    const metadata = isSealed
      ? { ...event.metadata, actor: { ...actor, name: await open(actor.name, undefined) } }
      : event.metadata;
    return { ...event, metadata, data: await replaced(event.data, fields, open) };
  }

  /** False: there is nothing in it to be sealed or opened. Costs no waiting. */
  concerns({ type, metadata: { actor } }: Pick<NewEvent, 'type' | 'metadata'>): boolean {
    return (actor.name !== undefined && isPerson(actor.id)) || this.#fieldsOf(type).length > 0;
  }

  /** The same list when nothing in it is personal. */
  async openedAll(events: readonly RecordedEvent[]): Promise<readonly RecordedEvent[]> {
    if (!events.some(event => this.concerns(event))) return events;
    const opened: RecordedEvent[] = [];
    for (const event of events) opened.push(this.concerns(event) ? await this.opened(event) : event);
    return opened;
  }

  #fieldsOf(type: string): readonly PersonalField[] {
    return this.catalogue.find(type)?.personal ?? [];
  }
}

async function replaced(data: unknown, fields: readonly PersonalField[], replace: Replace): Promise<unknown> {
  let after = data as Fields;
  for (const { field, of } of fields) {
    const text = at(after, field);
    if (typeof text !== 'string') continue;
    const subject = at(after, of);
    const other = await replace(text, typeof subject === 'string' ? subject : undefined);
    if (other !== text) after = withText(after, field.split('.'), other);
  }
  return after;
}

function at(data: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Fields | undefined)?.[name], data);
}

function withText(data: Fields, [name = '', ...rest]: readonly string[], text: string): Fields {
  return { ...data, [name]: rest.length === 0 ? text : withText(data[name] as Fields, rest, text) };
}
