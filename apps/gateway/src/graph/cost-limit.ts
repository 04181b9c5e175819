import {
  getNamedType,
  getNullableType,
  GraphQLError,
  isCompositeType,
  isListType,
  Kind,
  type ASTVisitor,
  type FieldNode,
  type GraphQLField,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';

/** Most objects that one operation may be answered with, by estimate. */
const MAX_OBJECTS = 50_000;

/** What a list is taken to hold when nothing says how much: steps, attempts, files of a run. */
const LIST = 10;
/** What a page is taken to hold when a variable says how much. */
const VARIABLE = 100;

/**
 * Refuses operations that would be answered with too many objects. Unlike the cost rule of graphql-armor it reads the
 * schema: default page sizes, pages sized by variables, and lists without a size count as well.
 */
export const costLimit: ValidationRule = (context): ASTVisitor => ({
  OperationDefinition: operation => {
    const root = context.getSchema().getRootType(operation.operation);
    const objects = root ? costOf(context, operation.selectionSet, root.name, new Map()) : 0;
    if (objects <= MAX_OBJECTS) return;
    const message = `Cost limit of ${MAX_OBJECTS} objects exceeded: this may be answered with about ${Math.round(objects)}.`;
    context.reportError(
      new GraphQLError(message, {
        nodes: operation,
        extensions: { fix: 'Ask for smaller pages, or for less of each entry.' },
      }),
    );
  },
});

/** `spreads`: what each fragment costs. Counted once each, or nested fragments would take for ever to count. */
function costOf(
  context: ValidationContext,
  set: SelectionSetNode,
  typeName: string,
  spreads: Map<string, number>,
): number {
  let sum = 0;
  for (const selection of set.selections) {
    switch (selection.kind) {
      case Kind.FIELD:
        sum += fieldCost(context, selection, typeName, spreads);
        break;
      case Kind.INLINE_FRAGMENT:
        sum += costOf(context, selection.selectionSet, selection.typeCondition?.name.value ?? typeName, spreads);
        break;
      case Kind.FRAGMENT_SPREAD:
        sum += spreadCost(context, selection.name.value, spreads);
        break;
    }
    if (sum > MAX_OBJECTS) return sum;
  }
  return sum;
}

function spreadCost(context: ValidationContext, name: string, spreads: Map<string, number>): number {
  const known = spreads.get(name);
  const fragment = context.getFragment(name);
  if (known !== undefined || !fragment) return known ?? 0;
  spreads.set(name, 0); // until it is known: a fragment that contains itself is another rule's affair
  const cost = costOf(context, fragment.selectionSet, fragment.typeCondition.name.value, spreads);
  spreads.set(name, cost);
  return cost;
}

function fieldCost(
  context: ValidationContext,
  node: FieldNode,
  typeName: string,
  spreads: Map<string, number>,
): number {
  const type = context.getSchema().getType(typeName);
  const field = type && 'getFields' in type ? type.getFields()[node.name.value] : undefined;
  if (!field || !('args' in field) || !node.selectionSet) return 0;
  const result = getNamedType(field.type);
  if (!isCompositeType(result)) return 0;
  return sizeOf(node, field) * (1 + costOf(context, node.selectionSet, result.name, spreads));
}

function sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>): number {
  const first = field.args.find(argument => argument.name === 'first');
  if (first) {
    const asked = (node.arguments ?? []).filter(({ name }) => name.value === 'first' || name.value === 'last');
    if (asked.length === 0) return Number(first.defaultValue ?? LIST);
    return Math.max(
      ...asked.map(({ value }) => (value.kind === Kind.INT ? Math.max(1, Number(value.value)) : VARIABLE)),
    );
  }
  // Entries of a page were counted with the page.
  const isPage = node.name.value === 'edges' || node.name.value === 'nodes';
  return isListType(getNullableType(field.type)) && !isPage ? LIST : 1;
}
