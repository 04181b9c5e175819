import { ApolloArmor } from '@escape.tech/graphql-armor';
import { NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';
import type { DocumentNode, GraphQLError, GraphQLSchema, ValidationRule } from 'graphql';
import { LRUCache } from 'lru-cache';
import { costLimit } from './cost-limit.js';

/** Most tokens in one document. */
export const MAX_TOKENS = 2_000;

/** What one operation may ask for: depth, aliases, directives and cost. */
export function operationLimits(introspection: boolean) {
  const armor = new ApolloArmor({
    maxDepth: { n: 14, flattenFragments: true, exposeLimits: true },
    maxAliases: { n: 15, exposeLimits: true },
    maxDirectives: { n: 20, exposeLimits: true },
    // Its rule sees neither variables nor default sizes nor lists without one: ours does.
    costLimit: { enabled: false },
    // Its plugin answers with status 500; the parser of graphql-js has the same limit and a proper answer.
    maxTokens: { enabled: false },
    // Whoever may read the schema may as well be helped with its names.
    blockFieldSuggestion: { enabled: !introspection },
  }).protect();
  return { ...armor, validationRules: [...(armor.validationRules as readonly ValidationRule[]), costLimit] };
}

/** How much text of documents that were found good is kept, in characters: clients that come back ask for the same again. */
const KEPT_TEXT = 4_000_000;

interface Checked {
  readonly document: DocumentNode;
  readonly errors: readonly GraphQLError[];
}

/** Parses and validates an operation that came by socket, by the same rules as one that came by HTTP. */
export class OperationCheck {
  readonly #rules: readonly ValidationRule[];
  readonly #good = new LRUCache<string, Checked>({
    maxSize: KEPT_TEXT,
    sizeCalculation: (_checked, { length }) => length,
  });

  constructor(
    private readonly schema: GraphQLSchema,
    introspection: boolean,
  ) {
    const limits = operationLimits(introspection).validationRules;
    const hidden = introspection ? [] : [NoSchemaIntrospectionCustomRule];
    this.#rules = [...specifiedRules, ...limits, ...hidden];
  }

  /** The document, or what is wrong with it; throws GraphQLError when it cannot be read at all. */
  document(query: string): Checked {
    const known = this.#good.get(query);
    if (known) return known;
    const document = parse(query, { maxTokens: MAX_TOKENS });
    const checked = { document, errors: validate(this.schema, document, this.#rules) };
    if (query !== '' && checked.errors.length === 0) this.#good.set(query, checked);
    return checked;
  }
}
