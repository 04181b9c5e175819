import { ApolloArmor } from '@escape.tech/graphql-armor';
import { NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';
import type { DocumentNode, GraphQLError, GraphQLSchema, ValidationRule } from 'graphql';

/** Most tokens in one document. */
export const MAX_TOKENS = 2_000;

/**
 * What one operation may ask for: depth, aliases, directives and cost. Lists cost as often as `first` says; a page holds
 * 200 at most, whatever a variable says.
 */
export function operationLimits(introspection: boolean) {
  const shown = { exposeLimits: true };
  return new ApolloArmor({
    maxDepth: { n: 12, flattenFragments: true, ...shown },
    maxAliases: { n: 15, ...shown },
    maxDirectives: { n: 20, ...shown },
    costLimit: {
      maxCost: 60_000,
      objectCost: 2,
      scalarCost: 1,
      depthCostFactor: 1.25,
      flattenFragments: true,
      ...shown,
    },
    // Its plugin answers with status 500; the parser of graphql-js has the same limit and a proper answer.
    maxTokens: { enabled: false },
    // Whoever may read the schema may as well be helped with its names.
    blockFieldSuggestion: { enabled: !introspection },
  }).protect();
}

/** Parses and validates an operation that came by socket, by the same rules as one that came by HTTP. */
export class OperationCheck {
  readonly #rules: readonly ValidationRule[];

  constructor(
    private readonly schema: GraphQLSchema,
    introspection: boolean,
  ) {
    const limits = operationLimits(introspection).validationRules as readonly ValidationRule[];
    const hidden = introspection ? [] : [NoSchemaIntrospectionCustomRule];
    this.#rules = [...specifiedRules, ...limits, ...hidden];
  }

  /** The document, or what is wrong with it; throws GraphQLError when it cannot be read at all. */
  document(query: string): { readonly document: DocumentNode; readonly errors: readonly GraphQLError[] } {
    const document = parse(query, { maxTokens: MAX_TOKENS });
    return { document, errors: validate(this.schema, document, this.#rules) };
  }
}
