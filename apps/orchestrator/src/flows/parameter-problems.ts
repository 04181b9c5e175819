import type { Problem } from '@runledger/kernel';
import type { KnownParameter } from '../expressions/expression-literals.js';
import { parameterVariable } from '../references/environment-names.js';
import type { LocatedDocument } from './located-document.js';
import { parameterSchemaOf } from './normalise-parameters.js';
import { FOR_PARAMETERS, schemaFaults } from './schema-faults.js';
import { isRecord } from './step-graph.js';

/** What is wrong with the `parameters` of a document, and the names that it declares. */
export function parameterProblems(document: LocatedDocument): {
  readonly problems: Problem[];
  readonly names: ReadonlySet<string>;
  readonly known: ReadonlyMap<string, KnownParameter>;
} {
  const written = isRecord(document.value) ? document.value['parameters'] : undefined;
  if (!isRecord(written)) return { problems: [], names: new Set(), known: new Map() };
  const schema = parameterSchemaOf(written);
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const names = Object.keys(properties);
  const short = schema !== written;
  const wrong = schemaFaults(schema, FOR_PARAMETERS).map(({ path, message, fix }) => {
    const at = short && path[0] === 'properties' ? path.slice(1) : path;
    return document.problem(['parameters', ...at], message, { fix });
  });
  return {
    problems: [...wrong, ...clashes(document, names, short)],
    names: new Set(names),
    known: knownParameters(properties),
  };
}

function knownParameters(properties: Readonly<Record<string, unknown>>): ReadonlyMap<string, KnownParameter> {
  return new Map(
    Object.entries(properties).map(([name, schema]): [string, KnownParameter] => {
      if (!isRecord(schema)) return [name, {}];
      const type = SCALARS.find(({ names }) => names.some(known => known === schema['type']))?.type;
      const values = Array.isArray(schema['enum']) ? (schema['enum'] as readonly unknown[]) : undefined;
      return [name, { type, values }];
    }),
  );
}

const SCALARS = [
  { type: 'string', names: ['string'] },
  { type: 'number', names: ['number', 'integer'] },
  { type: 'boolean', names: ['boolean'] },
] as const;

/** Two parameters must not share one environment variable. */
function clashes(document: LocatedDocument, names: readonly string[], short: boolean): Problem[] {
  const owner = new Map<string, string>();
  return names.flatMap(name => {
    const variable = parameterVariable(name);
    const other = owner.get(variable);
    owner.set(variable, other ?? name);
    if (other === undefined) return [];
    const path = short ? ['parameters', name] : ['parameters', 'properties', name];
    return [
      document.problem(path, `\`${name}\` and \`${other}\` would both arrive in scripts as $${variable}.`, {
        fix: 'Rename one of them.',
      }),
    ];
  });
}
