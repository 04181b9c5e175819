export const VIEWER = '{ viewer { member { name } workspace { name } scopes } }';

const MONEY = '{ formatted }';

export const RUNS = `query ($filter: RunFilter, $after: String) {
  runs(filter: $filter, first: 25, after: $after) {
    nodes {
      id number status statusReason startedAt endedAt durationMs
      flow { name slug } startedBy { id name } cost { total ${MONEY} unpriced }
      timeline { key name state }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

const LAST_WORDS = '__typename ... on CursorExpired { message } ... on Lagged { resumeFrom }';

const REQUEST = `id kind state message shown shownHash requestedAt availableDecisions policy { count }
  votes { decision by { id name } } decision { decision how by { id name } comment decidedAt }`;

const ASKED_BY = 'step until run { id number flow { name } }';

export const RUN = `query ($id: ID!, $asOf: Position, $atLeast: Position) {
  run(id: $id, asOf: $asOf, atLeast: $atLeast) {
    id number status statusReason startedAt endedAt durationMs parameters availableActions position
    flow { name slug } flowVersion { version }
    startedBy { id name } trigger { kind } subject { kind id url } choices { profile execution checkpointMode }
    waitingOn { kind what step since until }
    lineage {
      retryOf { id number } rerunOf { step run { id number } }
      retries { id number } reruns { step run { id number } }
    }
    timeline {
      key number wave name kind function needs state outcome summary output startedAt elapsedMs turns unpriced provider model
      error { code message fix }
      cost ${MONEY}
      attempts { number state outcome startedAt exitCode }
      artifacts { id path bytes url }
      availableActions inheritedFrom { run { id number } }
      gate { ${REQUEST} }
    }
    approvals { ${REQUEST} calls { step } }
    cost {
      total ${MONEY} unpriced charges
      byModel { key unpriced charges cost ${MONEY} }
      compute { key unpriced charges cost ${MONEY} }
    }
  }
}`;

export const INBOX_CHANGED = `subscription ($after: Position) {
  inboxChanged(after: $after) {
    ${LAST_WORDS}
    ... on InboxSnapshot { cursor hasMore requests { ${REQUEST} ${ASKED_BY} } }
    ... on InboxChange { cursor request { ${REQUEST} ${ASKED_BY} } }
  }
}`;

/** The whole of it: a snapshot has no room for more than 200. */
export const INBOX = `query ($after: String, $atLeast: Position) {
  inbox(first: 200, after: $after, atLeast: $atLeast) {
    nodes { ${REQUEST} ${ASKED_BY} }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const FLOWS = `query ($filter: FlowFilter) {
  flows(filter: $filter, first: 200) {
    nodes { slug name description latestVersion { version publishedAt publishedBy { id name } } }
  }
}`;

export const FLOW = `query ($slug: String!) {
  flow(slug: $slug) { name description latestVersion { version parameters } }
  sandboxProfiles { slug name }
}`;

export const PREFLIGHT = `query ($input: StartRunInput!) {
  preflight(input: $input) {
    waves steps { key name kind function wave provider model conditional }
    gates { position step everyStep message passedByItself }
    permissions { name steps asksFirst held }
    estimate { total ${MONEY} unpriced runs complete }
    problems { code message fix } warnings { message fix }
  }
}`;

export const START = `mutation ($input: StartRunInput!) {
  startRun(input: $input) { __typename ... on Run { id } ... on RunDeclined { code message fix } }
}`;

const ROWS = `total ${MONEY} unpriced rows { keys { value label } cost { microUnits formatted } unpriced }`;

export const COSTS = `query ($range: DateRange!) {
  byDay: costs(range: $range, groupBy: [DAY], first: 90) { ${ROWS} }
  byFlow: costs(range: $range, groupBy: [FLOW], first: 12) { ${ROWS} }
  byModel: costs(range: $range, groupBy: [MODEL], first: 12) { ${ROWS} }
  byMember: costs(range: $range, groupBy: [MEMBER], first: 12) { ${ROWS} }
  budgets { scope scopeId limit ${MONEY} standing { spent ${MONEY} reserved ${MONEY} heldRuns } }
}`;

export const COST_TREND = `query ($flowId: ID!) {
  costTrend(flowId: $flowId) {
    points {
      runId startedAt cost { microUnits formatted } baseline ${MONEY}
      regressions { step cost ${MONEY} baseline ${MONEY} changes { kind from to } }
    }
  }
}`;

export const CHANNELS = `{
  notificationChannels {
    id name kind state about flows slackChannel addresses members approvers url addedBy { id name } addedAt previousSecretUntil
  }
}`;

export const DELIVERIES = `query ($id: ID!, $after: String) {
  notifications(filter: { channelId: $id }, first: 20, after: $after) {
    nodes { id news recipient runId state attempts lastError { code message } nextTryAt queuedAt }
    pageInfo { hasNextPage endCursor }
  }
}`;

const REFUSED = '... on Refusal { code message fix } ... on NotificationChannelRefused { details { path message } }';

export const ADD_CHANNEL = `mutation ($input: NotificationChannelInput!) {
  outcome: addNotificationChannel(input: $input) {
    __typename ... on AddedNotificationChannel { signingSecret channel { id } } ${REFUSED}
  }
}`;

const onChannel = (verb, more = '') =>
  `mutation ($id: ID!) { outcome: ${verb}(id: $id) { __typename ${more} ${REFUSED} } }`;

/** By what their buttons do; each calls what it answers `outcome`. */
export const CHANNEL_VERBS = {
  test: onChannel('testNotificationChannel'),
  pause: onChannel('pauseNotificationChannel'),
  resume: onChannel('resumeNotificationChannel'),
  remove: onChannel('removeNotificationChannel'),
  rotate: onChannel('rotateNotificationSecret', '... on AddedNotificationChannel { signingSecret }'),
};

const FIRED = 'firings { firedAt runId declined }';

export const SCHEDULES = `query ($after: String) {
  schedules(first: 200, after: $after) {
    nodes { id name status cron timeZone nextFireAt flow { slug } ${FIRED} }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const EVENT_TRIGGERS = `{ eventTriggers { id name status event condition flow ${FIRED} } }`;

const onStarter = verb =>
  `mutation ($id: ID!) { outcome: ${verb}(id: $id) { __typename ... on Refusal { code message fix } } }`;

/** By kind of what starts runs by itself, and by what its button does. */
export const STARTER_VERBS = {
  schedule: { pause: onStarter('pauseSchedule'), resume: onStarter('resumeSchedule') },
  event: { pause: onStarter('pauseEventTrigger'), resume: onStarter('resumeEventTrigger') },
};

export const SEARCH = `query ($query: String!, $kinds: [SearchKind!], $order: SearchOrder, $after: String) {
  search(query: $query, kinds: $kinds, order: $order, after: $after) {
    nodes { kind at step attempt entryId snippet matches { start end } run { id number flow { name } } }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const RUN_EVENTS = `subscription ($id: ID!, $after: Position) {
  runEvents(runId: $id, after: $after) { ${LAST_WORDS} ... on RunEvent { cursor event { type occurredAt } } }
}`;

const ENTRY = `__typename id seq at step attempt agent
  ... on TextEntry { text }
  ... on ThinkingEntry { text }
  ... on SetupEntry { text }
  ... on InfoEntry { text }
  ... on ErrorEntry { error { code message fix } }
  ... on ToolEntry { name arguments detail streamed output outputUrl outputBytes state exitCode durationMs error { code message fix } }`;

export const TRANSCRIPT = `subscription ($id: ID!, $after: Position) {
  transcript(runId: $id, after: $after) {
    ${LAST_WORDS} ... on TranscriptSegment { cursor caughtUp entries { ${ENTRY} } }
  }
}`;

/** What had been said last when the log had grown up to a position. */
export const TRANSCRIPT_THEN = `query ($id: ID!, $asOf: Position) {
  run(id: $id, asOf: $asOf) { transcript(last: 200) { nodes { ${ENTRY} } } }
}`;

export const DECIDE = `mutation ($input: DecisionInput!) {
  decide(input: $input) { __typename ... on Refusal { code message fix } }
}`;

export const ANSWER = `mutation ($requestId: ID!, $answer: String!) {
  answerQuestion(requestId: $requestId, answer: $answer) {
    __typename ... on ApprovalRequest { id } ... on DecisionRefused { code message fix }
  }
}`;

const OUTCOME = '{ __typename ... on Run { id } ... on Refusal { code message fix } }';
const onRun = verb => `mutation ($runId: ID!) { outcome: ${verb}(runId: $runId) ${OUTCOME} }`;
const onStep = verb =>
  `mutation ($runId: ID!, $step: String!) { outcome: ${verb}(runId: $runId, step: $step) ${OUTCOME} }`;

/** By the name of the mutation; each calls what it answers `outcome`. */
export const STEERING = {
  pauseRun: onRun('pauseRun'),
  resumeRun: onRun('resumeRun'),
  discardRun: onRun('discardRun'),
  cancelRun: `mutation ($runId: ID!, $mode: CancelMode!) { outcome: cancelRun(runId: $runId, mode: $mode) ${OUTCOME} }`,
  retryRun: `mutation ($runId: ID!) { outcome: retryRun(input: { runId: $runId }) ${OUTCOME} }`,
  retryStep: `mutation ($runId: ID!, $step: String!, $instructions: String) {
    outcome: retryStep(runId: $runId, step: $step, instructions: $instructions) ${OUTCOME}
  }`,
  skipStep: onStep('skipStep'),
  forceAdvance: onStep('forceAdvance'),
  rerunFromStep: `mutation ($runId: ID!, $step: String!) {
    outcome: rerunFromStep(input: { runId: $runId, step: $step }) ${OUTCOME}
  }`,
};
