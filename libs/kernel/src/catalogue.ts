import type { AnyEventDefinition } from './define-event.js';

/** Thrown when an event cannot be written or read because the catalogue does not know it, or its data does not fit. */
export class UnknownEventError extends Error {
  readonly code = 'UNKNOWN_EVENT';
  constructor(
    readonly eventType: string,
    readonly schemaVersion: number,
    advice: string,
  ) {
    super(`Event ${eventType} v${schemaVersion}: ${advice}`);
    this.name = 'UnknownEventError';
  }
}

/** All event types that one program knows: validates what is written, upcasts what is read (E4). */
export class EventCatalogue {
  readonly #definitions = new Map<string, AnyEventDefinition>();

  constructor(definitions: Iterable<AnyEventDefinition>) {
    for (const definition of definitions) {
      const known = this.#definitions.get(definition.type);
      if (known && known !== definition) throw new TypeError(`Two definitions of event ${definition.type}.`);
      this.#definitions.set(definition.type, definition);
    }
  }

  definitions(): AnyEventDefinition[] {
    return [...this.#definitions.values()];
  }

  find(type: string): AnyEventDefinition | undefined {
    return this.#definitions.get(type);
  }

  /** Data as today's version; current data is returned as it is, an unknown or newer version throws {@link UnknownEventError}. */
  upcast(type: string, schemaVersion: number, data: unknown): unknown {
    const definition = this.#definitions.get(type);
    if (!definition)
      throw new UnknownEventError(type, schemaVersion, 'not in the catalogue; is a service older than its log?');
    if (schemaVersion > definition.version) {
      throw new UnknownEventError(
        type,
        schemaVersion,
        `newer than version ${definition.version} known here; upgrade this service.`,
      );
    }
    let lifted = data;
    for (let version = schemaVersion; version < definition.version; version += 1) {
      const upcast = definition.upcast[version] as ((old: unknown) => unknown) | undefined;
      if (!upcast) throw new UnknownEventError(type, schemaVersion, `no upcast from version ${version}.`);
      lifted = upcast(lifted);
    }
    return lifted;
  }
}
