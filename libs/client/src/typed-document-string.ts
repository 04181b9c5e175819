import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';

/** A GraphQL document as text, which knows the types of its result and its variables. Fragments that several use are held once. */
export class TypedDocumentString<Result, Variables>
  extends String
  implements DocumentTypeDecoration<Result, Variables>
{
  declare readonly __apiType?: NonNullable<DocumentTypeDecoration<Result, Variables>['__apiType']>;

  constructor(text: string, fragments: readonly string[] = []) {
    super([text, ...fragments].join('\n'));
  }
}
