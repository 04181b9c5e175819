import { gateText } from './announcement.js';
import type { GraphqlClient } from './demo/graphql-client.js';
import { watchRun } from './demo/watch-run.js';

const UNFINISHED = /* GraphQL */ `
  query {
    runs(filter: { status: [PENDING, RUNNING, PAUSED, BLOCKED] }, first: 5) {
      nodes {
        id
      }
    }
  }
`;

export interface Announcer {
  readonly url: string;
  readonly token: string;
  readonly print: (text: string) => void;
}

/** Tells the operator which gates of unfinished runs wait, and how these runs end. Watches as any client would. */
export async function followUnfinishedRuns(client: GraphqlClient, to: Announcer): Promise<void> {
  const { runs } = await client.request<{ runs: { nodes: readonly { id: string }[] } }>(UNFINISHED);
  await Promise.all(runs.nodes.map(run => followRun(run.id, to)));
}

async function followRun(runId: string, { url, token, print }: Announcer): Promise<void> {
  for await (const { type, data } of watchRun(`${url}/graphql`, token, runId)) {
    if (type === 'ApprovalRequested') {
      print(gateText(url, token, { requestId: String(data['requestId']), runId, message: String(data['message']) }));
    }
    const ending = /^Run(Completed|Failed|Rejected|Cancelled)$/.exec(type);
    if (ending) print(`Run ${runId} ${ending[1]?.toLowerCase()}.`);
  }
}
