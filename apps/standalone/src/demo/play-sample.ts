import { SAMPLE_FLOW } from '../sample/sample.js';
import { ApiError, type GraphqlClient } from './graphql-client.js';

const START = /* GraphQL */ `
  mutation ($input: StartRunInput!) {
    startRun(input: $input) {
      __typename
      ... on Run {
        id
      }
      ... on RunDeclined {
        code
        message
      }
    }
  }
`;

const INBOX = /* GraphQL */ `
  query ($runId: ID!) {
    inbox(filter: { runId: $runId }) {
      nodes {
        id
        shownHash
      }
    }
  }
`;

const DECIDE = /* GraphQL */ `
  mutation ($input: DecisionInput!) {
    decide(input: $input) {
      __typename
      ... on DecisionRefused {
        code
        message
      }
    }
  }
`;

type StartAnswer = {
  readonly startRun: { readonly __typename: string; readonly id?: string; readonly message?: string };
};
type InboxAnswer = {
  readonly inbox: { readonly nodes: readonly { readonly id: string; readonly shownHash: string }[] };
};
type DecideAnswer = { readonly decide: { readonly __typename: string; readonly message?: string } };

/** Starts a run of the sample and answers with its id. */
export async function startSample(client: GraphqlClient): Promise<string> {
  const { startRun } = await client.request<StartAnswer>(START, { input: { flow: SAMPLE_FLOW } });
  if (startRun.id === undefined) throw new ApiError(`the run was declined: ${startRun.message}`);
  return startRun.id;
}

/** Looks the waiting request up in the inbox and approves what it shows. */
export async function approve(client: GraphqlClient, runId: string): Promise<void> {
  const request = await waitingRequest(client, runId);
  const input = { requestId: request.id, decision: 'APPROVE', comment: 'Looks good.', shownHash: request.shownHash };
  const { decide } = await client.request<DecideAnswer>(DECIDE, { input });
  if (decide.__typename === 'DecisionRefused') throw new ApiError(`the decision was refused: ${decide.message}`);
}

/** The inbox is a read model: it may show a request a moment after the event was seen. */
async function waitingRequest(client: GraphqlClient, runId: string): Promise<{ id: string; shownHash: string }> {
  for (let attempt = 1; attempt <= 100; attempt += 1) {
    const { inbox } = await client.request<InboxAnswer>(INBOX, { runId });
    if (inbox.nodes[0]) return inbox.nodes[0];
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new ApiError(`no approval request of run ${runId} appeared within 5 s`);
}
