import { RequestError } from '../graph/request-errors.js';
import { hashOf, readManifests, type Manifest } from './operation-manifest.js';
import { ownOperations } from './own-operations.js';

/** Which operations clients may send. */
export interface OperationSettings {
  /** True: only stored ones. */
  readonly storedOnly: boolean;
  /** JSON files, or folders of them. */
  readonly manifests: readonly string[];
}

/** A request as GraphQL over HTTP has it, with what names a stored document. */
export interface DocumentAsked {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

interface Extensions {
  readonly documentId?: unknown;
  readonly persistedQuery?: { readonly sha256Hash?: unknown } | null;
}

/**
 * Operations that were stored beforehand, by id: the SHA-256 of their document, or the name that a manifest gives them. Ids come as
 * `documentId` (GraphQL over HTTP, Persisted Documents) or `extensions.persistedQuery` (Apollo). A client never stores one itself.
 */
export class StoredOperations {
  readonly #hashes: ReadonlySet<string>;

  private constructor(
    private readonly manifest: Manifest,
    /** Whether nothing else may be asked. */
    readonly isOnly: boolean,
  ) {
    this.#hashes = new Set([...manifest.values()].map(hashOf));
  }

  /** Throws `InvalidManifestError`. */
  static async open({ storedOnly, manifests }: OperationSettings): Promise<StoredOperations> {
    return new StoredOperations(new Map([...(await ownOperations()), ...(await readManifests(manifests))]), storedOnly);
  }

  /** The document that is asked for; undefined when none is. Throws `OPERATION_NOT_STORED`, or `BAD_USER_INPUT` for a wrong hash. */
  documentOf(asked: DocumentAsked): string | undefined {
    const { documentId, persistedQuery } = (asked.extensions ?? {}) as Extensions;
    const hash = persistedQuery?.sha256Hash;
    if (typeof asked.query === 'string' && asked.query !== '') {
      if (typeof hash === 'string' && hash !== hashOf(asked.query)) throw wrongHash();
      return asked.query;
    }
    const id = [asked.documentId, documentId, hash].find(one => typeof one === 'string');
    if (id === undefined) return undefined;
    const text = this.manifest.get(id.replace(/^sha256:/, '')) ?? this.manifest.get(id);
    if (text === undefined) throw this.#unknown(hash === id);
    return text;
  }

  /** Throws `OPERATION_NOT_STORED` where only stored operations may be asked. */
  assertAllowed(text: string): void {
    if (this.isOnly && !this.#hashes.has(hashOf(text))) throw notStored();
  }

  /** Clients of Apollo send the document after its hash when they hear this; where it would be refused they are told at once. */
  #unknown(isApollo: boolean): RequestError {
    if (!isApollo || this.isOnly) return notStored();
    return new RequestError(
      'PERSISTED_QUERY_NOT_FOUND',
      'PersistedQueryNotFound',
      'Send the document itself, or store it: `npm run operations` makes a manifest.',
    );
  }
}

function notStored(): RequestError {
  return new RequestError(
    'OPERATION_NOT_STORED',
    'This operation is none of those that are stored here.',
    'Make a manifest of your documents with `npm run operations`, and name it in GRAPHQL_STORED_OPERATIONS.',
  );
}

function wrongHash(): RequestError {
  return new RequestError(
    'BAD_USER_INPUT',
    'The hash is not the SHA-256 of the document.',
    'Hash the text exactly as it is sent, or send only one of the two.',
  );
}
