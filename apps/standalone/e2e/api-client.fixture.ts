import { randomUUID } from 'node:crypto';
import { eventually } from '@runledger/testing';

interface GraphqlError {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly fix?: string };
}

interface Answer {
  readonly status: number;
  readonly data: Readonly<Record<string, never>> | null | undefined;
  readonly errors: readonly GraphqlError[];
}

export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: string;
  readonly position: string;
  readonly data: Readonly<Record<string, never>>;
}

export interface Card {
  readonly key: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly summary: string | null;
  readonly turns: number;
  readonly elapsedMs: string | null;
  readonly cost: { readonly microUnits: string } | null;
  readonly unpriced: boolean;
  readonly error: { readonly code: string; readonly message: string; readonly fix: string | null } | null;
  readonly attempts: readonly {
    readonly number: number;
    readonly outcome: string | null;
    readonly exitCode: number | null;
    readonly resumptions: number;
  }[];
  readonly artifacts: readonly { readonly url: string; readonly path: string; readonly sha256: string }[];
}

export interface RunShown {
  readonly id: string;
  readonly status: string;
  readonly statusReason: string | null;
  readonly timeline: readonly Card[];
  readonly waitingOn: readonly {
    readonly kind: string;
    readonly step: string | null;
    readonly requestId: string | null;
  }[];
  readonly approvals: readonly {
    readonly id: string;
    readonly step: string;
    readonly state: string;
    readonly shownHash: string;
    readonly decision: { readonly decision: string; readonly comment: string | null } | null;
  }[];
  readonly cost: {
    readonly total: { readonly microUnits: string; readonly formatted: string } | null;
    readonly unpriced: boolean;
    readonly charges: number;
  };
  readonly availableActions: readonly string[];
  readonly position: string;
}

export interface Entry {
  readonly __typename: string;
  readonly id: string;
  readonly seq: string;
  readonly step: string;
  readonly attempt: number;
  readonly text?: string;
  readonly name?: string;
  readonly state?: string;
  readonly output?: string | null;
  readonly streamed?: string;
  readonly exitCode?: number | null;
}

export const ENTRY = /* GraphQL */ `
  __typename id seq step attempt
  ... on TextEntry { text }
  ... on ThinkingEntry { text }
  ... on SetupEntry { text }
  ... on InfoEntry { text }
  ... on ErrorEntry { error { code message } }
  ... on ToolEntry { name state output streamed exitCode }
`;

export const EVENT = 'id type stream revision position data';

const RUN = /* GraphQL */ `
  query ($id: ID!, $atLeast: Position) {
    run(id: $id, atLeast: $atLeast) {
      id
      status
      statusReason
      position
      availableActions
      waitingOn {
        kind
        step
        requestId
      }
      approvals {
        id
        step
        state
        shownHash
        decision {
          decision
          comment
        }
      }
      cost {
        total {
          microUnits
          formatted
        }
        unpriced
        charges
      }
      timeline {
        key
        state
        outcome
        summary
        turns
        elapsedMs
        unpriced
        cost {
          microUnits
        }
        error {
          code
          message
          fix
        }
        attempts {
          number
          outcome
          exitCode
          resumptions
        }
        artifacts {
          url
          path
          sha256
        }
      }
    }
  }
`;

const REFUSAL = '... on Refusal { code message fix details { path message fix line column } }';

/** On a busy machine the read models may be further behind than an answer waits for them (5 s). */
async function askedAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 10; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0 || !String(error).includes('READ_MODEL_BEHIND')) throw error;
    }
  }
}

/** A client as somebody outside would write it: GraphQL and REST with a token. */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  /** The whole answer, errors included. */
  async ask(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const body = JSON.stringify({ query, variables });
    const response = await this.fetch('/graphql', { method: 'POST', body });
    const { data, errors = [] } = (await response.json()) as { data?: Answer['data']; errors?: Answer['errors'] };
    return { status: response.status, data, errors };
  }

  /** The data; throws when there are errors. */
  async data<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
    const { data, errors } = await this.ask(query, variables);
    if (errors.length > 0 || !data) throw new Error(JSON.stringify(errors));
    return data as Data;
  }

  async fetch(path: string, options: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.token}` };
    return fetch(`${this.url}${path}`, { ...options, headers: { ...headers, ...(options.headers as object) } });
  }

  async publishFlow(source: string) {
    const query = `mutation ($input: PublishFlowInput!) { result: publishFlow(input: $input) { __typename ... on FlowVersion { version } ${REFUSAL} } }`;
    return (await this.data<{ result: Result }>(query, { input: { source } })).result;
  }

  async publishProfile(definition: unknown) {
    const query = `mutation ($input: SandboxProfileInput!) { result: publishSandboxProfile(input: $input) { __typename ... on SandboxProfile { version } ${REFUSAL} } }`;
    return (await this.data<{ result: Result }>(query, { input: { definition } })).result;
  }

  async startRun(input: Readonly<Record<string, unknown>>) {
    const query = `mutation ($input: StartRunInput!) { result: startRun(input: $input) { __typename ... on Run { id } ${REFUSAL} } }`;
    return (await this.data<{ result: Result }>(query, { input })).result;
  }

  /** Starts a run that is expected to be accepted; the key makes it one run, however often it is asked for. */
  async started(flow: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const input = { flow, idempotencyKey: randomUUID(), ...more };
    const result = await askedAgain(() => this.startRun(input));
    expect(result).toMatchObject({ __typename: 'Run' });
    return result.id;
  }

  async cancel(runId: string, mode = 'GRACEFUL') {
    const query = `mutation ($runId: ID!, $mode: CancelMode!) { result: cancelRun(runId: $runId, mode: $mode) { __typename ... on Run { id status } ${REFUSAL} } }`;
    return (await this.data<{ result: Result }>(query, { runId, mode })).result;
  }

  async decide(requestId: string, decision: string, more: Readonly<Record<string, unknown>> = {}) {
    const query = `mutation ($input: DecisionInput!) { result: decide(input: $input) { __typename ... on ApprovalRequest { id state decision { decision comment } } ... on DecisionRefused { code message fix request { decision { decision } } } } }`;
    return (await this.data<{ result: Result }>(query, { input: { requestId, decision, ...more } })).result;
  }

  async run(id: string): Promise<RunShown> {
    return (await this.data<{ run: RunShown }>(RUN, { id })).run;
  }

  /** Waits until the run is in one of these states. */
  async reaches(id: string, statuses: string | readonly string[], withinMs = 60_000): Promise<RunShown> {
    return this.becomes(id, run => [statuses].flat().includes(run.status), withinMs);
  }

  /** Waits until the run looks as wanted; a run that ended otherwise is shown in the error. */
  async becomes(id: string, wanted: (run: RunShown) => boolean, withinMs = 60_000): Promise<RunShown> {
    return eventually(async () => {
      const run = await this.run(id);
      if (wanted(run)) return run;
      throw new Error(`The run is still ${JSON.stringify(run, undefined, 1)}`);
    }, withinMs);
  }

  /** The open request of a step, once it is in the inbox. */
  async gateOf(runId: string, step: string): Promise<{ readonly id: string; readonly shownHash: string }> {
    const run = await this.becomes(runId, ({ approvals }) =>
      approvals.some(a => a.step === step && a.state === 'OPEN'),
    );
    return run.approvals.find(approval => approval.step === step && approval.state === 'OPEN')!;
  }

  /** Every event of a run, page by page. */
  async events(runId: string, first = 40): Promise<StoredEvent[]> {
    const query = `query ($runId: ID!, $after: Position, $first: Int) { events(runId: $runId, after: $after, first: $first) { nodes { ${EVENT} } pageInfo { hasNextPage endCursor } } }`;
    return this.#all(
      after => this.data<{ events: Page<StoredEvent> }>(query, { runId, after, first }),
      d => d.events,
    );
  }

  /** Every transcript entry of a run, page by page. */
  async transcript(runId: string, first = 20): Promise<Entry[]> {
    const query = `query ($id: ID!, $after: String, $first: Int) { run(id: $id) { transcript(first: $first, after: $after) { nodes { ${ENTRY} } pageInfo { hasNextPage endCursor } } } }`;
    type Data = { run: { transcript: Page<Entry> } };
    return this.#all(
      after => this.data<Data>(query, { id: runId, after, first }),
      d => d.run.transcript,
    );
  }

  async #all<Data, Node>(
    load: (after: string | null) => Promise<Data>,
    page: (data: Data) => Page<Node>,
  ): Promise<Node[]> {
    const nodes: Node[] = [];
    for (let after: string | null = null; ;) {
      const { nodes: more, pageInfo } = page(await load(after));
      nodes.push(...more);
      if (!pageInfo.hasNextPage) return nodes;
      after = pageInfo.endCursor;
    }
  }
}

/** What a mutation answers with: the thing, or a refusal. */
export interface Result {
  readonly __typename: string;
  readonly id: string;
  readonly state?: string;
  readonly status?: string;
  readonly version?: number;
  readonly code?: string;
  readonly message?: string;
  readonly fix?: string | null;
  readonly details?: readonly {
    readonly path: string;
    readonly message: string;
    readonly fix?: string | null;
    readonly line?: number;
    readonly column?: number;
  }[];
  readonly request?: { readonly decision: { readonly decision: string } | null } | null;
  readonly decision?: { readonly decision: string; readonly comment: string | null } | null;
}

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}
