/** What the tools ask the API, each with the rights of whoever calls: the API decides what they may see and do. */
export const LIST_FLOWS = `query ListFlows($text: String, $first: Int, $after: String) {
  flows(filter: { text: $text }, first: $first, after: $after) {
    nodes { slug name description latestVersion { version parameters } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const PREFLIGHT = `query Preflight($input: StartRunInput!) {
  preflight(input: $input) {
    ready
    problems { code message fix details { path message fix } }
    warnings { code message }
    steps { key name kind function wave skill provider model }
    gates { step position message approvers }
    permissions { kind name }
    estimate { complete unpriced total { formatted } }
  }
}`;

export const START_FLOW = `mutation StartFlow($input: StartRunInput!) {
  startRun(input: $input) {
    __typename
    ... on Run { id number status waitingOn { kind what step until } }
    ... on RunDeclined { code message fix retryable details { path message fix } }
  }
}`;

export const GET_RUN = `query GetRun($id: ID!, $atLeast: Position) {
  run(id: $id, atLeast: $atLeast) {
    id number status statusReason startedAt endedAt flow { slug } parameters position
    waitingOn { kind what step since until mayAct requestId }
    timeline { key name kind function state outcome summary output error { code message fix } }
    artifacts { step path bytes url }
    cost { unpriced total { formatted } }
  }
}`;

export const LIST_INBOX = `query ListInbox($first: Int) {
  inbox(first: $first) {
    totalCount
    nodes { id kind message shown shownHash step until availableDecisions run { id number flow { slug } } }
  }
}`;

export const DECIDE = `mutation Decide($input: DecisionInput!) {
  decide(input: $input) {
    __typename
    ... on ApprovalRequest { id state decision { decision by { name } } run { id status } }
    ... on DecisionRefused { code message fix }
  }
}`;

export const ANSWER = `mutation Answer($requestId: ID!, $answer: String!) {
  answerQuestion(requestId: $requestId, answer: $answer) {
    __typename
    ... on ApprovalRequest { id state run { id status } }
    ... on DecisionRefused { code message fix }
  }
}`;
