import type { GraphqlClient } from './graphql-client.js';

/** What `npm run demo -- --json` prints about the run; costs in micro-units, null where usage has no price. */
export interface RunReport {
  readonly runId: string;
  readonly status: string;
  readonly steps: readonly StepReport[];
  readonly transcriptEntries: number;
  readonly toolCalls: number;
  readonly totalCostMicroUnits: number | null;
  readonly events: number;
  readonly durationMs: number;
}

export interface StepReport {
  readonly key: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly turns: number;
  readonly elapsedMs: number;
  readonly cost: number | null;
}

interface RunAnswer {
  readonly run: {
    readonly id: string;
    readonly status: string;
    readonly durationMs: string | null;
    readonly cost: { readonly total: { readonly microUnits: string } | null };
    readonly timeline: readonly {
      readonly key: string;
      readonly state: string;
      readonly outcome: string | null;
      readonly turns: number;
      readonly elapsedMs: string | null;
      readonly cost: { readonly microUnits: string } | null;
    }[];
  };
}

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

const RUN = /* GraphQL */ `
  query ($id: ID!, $atLeast: Position) {
    run(id: $id, atLeast: $atLeast) {
      id
      status
      durationMs
      cost {
        total {
          microUnits
        }
      }
      timeline {
        key
        state
        outcome
        turns
        elapsedMs
        cost {
          microUnits
        }
      }
    }
  }
`;

const TRANSCRIPT = /* GraphQL */ `
  query ($id: ID!, $after: String) {
    run(id: $id) {
      transcript(first: 200, after: $after) {
        nodes {
          __typename
          ... on ToolEntry {
            name
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`;

const EVENTS = /* GraphQL */ `
  query ($id: ID!, $after: Position) {
    events(runId: $id, first: 200, after: $after) {
      nodes {
        id
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

/** Everything about a finished run, asked for as any client would; `position` is the last event that must be in it. */
export async function reportRun(client: GraphqlClient, runId: string, position?: string): Promise<RunReport> {
  const { run } = await client.request<RunAnswer>(RUN, { id: runId, atLeast: position });
  const entries = await allTranscriptEntries(client, runId);
  return {
    runId: run.id,
    status: run.status,
    steps: run.timeline.map(step => ({
      key: step.key,
      state: step.state,
      outcome: step.outcome,
      turns: step.turns,
      elapsedMs: Number(step.elapsedMs ?? 0),
      cost: step.cost === null ? null : Number(step.cost.microUnits),
    })),
    transcriptEntries: entries.length,
    // The script of a command step is in the transcript too, but nobody called it as a tool.
    toolCalls: entries.filter(entry => entry.__typename === 'ToolEntry' && entry.name !== 'command').length,
    totalCostMicroUnits: run.cost.total === null ? null : Number(run.cost.total.microUnits),
    events: await countEvents(client, runId),
    durationMs: Number(run.durationMs ?? 0),
  };
}

interface Entry {
  readonly __typename: string;
  readonly name?: string;
}

async function allTranscriptEntries(client: GraphqlClient, id: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let after: string | null = null;
  do {
    const { run }: TranscriptAnswer = await client.request<TranscriptAnswer>(TRANSCRIPT, { id, after });
    entries.push(...run.transcript.nodes);
    after = run.transcript.pageInfo.hasNextPage ? run.transcript.pageInfo.endCursor : null;
  } while (after !== null);
  return entries;
}

interface TranscriptAnswer {
  readonly run: { readonly transcript: { readonly nodes: readonly Entry[]; readonly pageInfo: PageInfo } };
}

interface EventsAnswer {
  readonly events: { readonly nodes: readonly { readonly id: string }[]; readonly pageInfo: PageInfo };
}

async function countEvents(client: GraphqlClient, id: string): Promise<number> {
  let count = 0;
  let after: string | null = null;
  do {
    const { events }: EventsAnswer = await client.request<EventsAnswer>(EVENTS, { id, after });
    count += events.nodes.length;
    after = events.pageInfo.hasNextPage ? events.pageInfo.endCursor : null;
  } while (after !== null);
  return count;
}
