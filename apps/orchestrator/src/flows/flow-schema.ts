import { z } from 'zod';
import { flowDocument } from './flow-document.js';

/** The part of JSON Schema that is read here. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly description?: string;
}

/** The JSON Schema of flow documents, as committed in `flow.schema.json` for editors. */
export function flowSchema(): SchemaNode {
  return z.toJSONSchema(flowDocument, { target: 'draft-2020-12', io: 'input' }) as SchemaNode;
}

let known: SchemaNode | undefined;

/** The keys that a document may hold at a place, with what they mean; empty where any key may stand. */
export function keysAt(path: readonly PropertyKey[]): ReadonlyMap<string, string> {
  known ??= flowSchema();
  const places = path.reduce<readonly SchemaNode[]>((nodes, part) => nodes.flatMap(node => below(node, part)), [known]);
  return new Map(
    places
      .flatMap(node => [node, ...(node.anyOf ?? [])])
      .flatMap(node => Object.entries(node.properties ?? {}))
      .map(([key, node]) => [key, node.description ?? '']),
  );
}

function below(node: SchemaNode, part: PropertyKey): SchemaNode[] {
  const own = typeof part === 'number' ? node.items : node.properties?.[String(part)];
  return [...(own ? [own] : []), ...(node.anyOf ?? []).flatMap(option => below(option, part))];
}
