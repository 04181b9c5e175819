import { Fault } from '@runledger/kernel';

/** The API answered with errors, or with something that is not GraphQL. */
export class ApiError extends Fault {
  constructor(message: string, cause?: unknown) {
    super('API_ERROR', `The API refused the request: ${message}`, { cause });
  }
}

interface Answer<Data> {
  readonly data?: Data;
  readonly errors?: readonly { readonly message: string }[];
}

/** A front end as small as it gets: GraphQL over HTTP with an API token. */
export class GraphqlClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Throws {@link ApiError} when the answer holds errors. */
  async request<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as Answer<Data>;
    if (answer.errors?.length) throw new ApiError(answer.errors.map(error => error.message).join('; '));
    if (!answer.data) throw new ApiError(`HTTP ${response.status}`);
    return answer.data;
  }
}
