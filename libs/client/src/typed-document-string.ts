/** A GraphQL document as text, which knows the types of its result and its variables. Fragments that several use are held once. */
export class TypedDocumentString<Result, Variables> extends String {
  /** Never there; by this other clients know the types, as `DocumentTypeDecoration` of @graphql-typed-document-node/core says it. */
  declare readonly __apiType?: (variables: Variables) => Result;

  constructor(text: string, fragments: readonly string[] = []) {
    super([text, ...fragments].join('\n'));
  }
}
