import type { Member } from './cluster/members-file.js';

/** What the operator needs to know of a platform that is ready. */
export interface ReadyFacts {
  readonly url: string;
  readonly token: string;
  readonly home: string;
  readonly database: string;
  readonly log: string;
  readonly readyMs: number;
}

/** Printed once the platform answers. The token is the operator's own, on the operator's own terminal. */
export function readyText(facts: ReadyFacts): string {
  return `
Runledger is ready (${(facts.readyMs / 1000).toFixed(1)} s).

  Console    ${facts.url}/#token=${facts.token}
  GraphQL    ${facts.url}/graphql   (explorer: ${facts.url}/explorer)
  Token      ${facts.token}
  Data       ${facts.home}
  Database   ${facts.database}
  Event log  ${facts.log}

Ctrl-C stops everything; starting again goes on with what is unfinished.
`;
}

/** Which processes there are and where they listen. */
export function processesText(members: readonly Member[], supervisor: number): string {
  const lines = members.map(({ service, replica, pid, internalUrl, apiUrl }) =>
    ['', `${service} ${replica}`.padEnd(16), `pid ${pid}`.padEnd(12), internalUrl, apiUrl ?? ''].join('  ').trimEnd(),
  );
  return `Processes
${lines.join('\n')}

kill -USR2 ${supervisor} replaces them, one after the other.
`;
}

/** A gate that waits, with the one command that approves it. */
export function gateText(
  url: string,
  token: string,
  gate: { requestId: string; runId: string; message: string },
): string {
  const query = `mutation { decide(input: { requestId: "${gate.requestId}", decision: APPROVE }) { __typename } }`;
  return `
Run ${gate.runId} waits for a person: "${gate.message}"
Approve it in the console, or with

  curl -s ${url}/graphql -H 'content-type: application/json' \\
    -H 'authorization: Bearer ${token}' \\
    -d '${JSON.stringify({ query })}'
`;
}
