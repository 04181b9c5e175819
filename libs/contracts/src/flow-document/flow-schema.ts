import { z } from 'zod';
import { flowDocument } from './flow-document.js';

/** The part of JSON Schema that is read here. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

/** The JSON Schema of flow documents, as committed in `flow.schema.json` for editors. */
export function flowSchema(): SchemaNode {
  return z.toJSONSchema(flowDocument, { target: 'draft-2020-12', io: 'input' }) as SchemaNode;
}

let known: SchemaNode | undefined;

/** The keys that a document may hold at a place, with what they mean; empty where any key may stand. */
export function keysAt(path: readonly PropertyKey[]): ReadonlyMap<string, string> {
  const root = (known ??= flowSchema());
  const places = path.reduce<readonly SchemaNode[]>(
    (nodes, part) => nodes.flatMap(node => below(root, node, part)),
    [root],
  );
  return new Map(
    places
      .flatMap(node => [node, ...optionsOf(root, node)])
      .flatMap(node => Object.entries(node.properties ?? {}))
      .map(([key, node]) => [key, node.description ?? '']),
  );
}

function below(root: SchemaNode, node: SchemaNode, part: PropertyKey): SchemaNode[] {
  const own = typeof part === 'number' ? node.items : node.properties?.[String(part)];
  const found = own ? [resolved(root, own)] : [];
  return [...found, ...optionsOf(root, node).flatMap(option => below(root, option, part))];
}

function optionsOf(root: SchemaNode, node: SchemaNode): SchemaNode[] {
  return (node.anyOf ?? []).map(option => resolved(root, option));
}

/** Shapes that stand at several places are written once. */
function resolved(root: SchemaNode, node: SchemaNode): SchemaNode {
  const name = node.$ref?.replace('#/$defs/', '');
  return (name === undefined ? undefined : root.$defs?.[name]) ?? node;
}
