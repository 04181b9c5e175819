const REFUSAL = '... on Refusal { code message details { path message } }';
const FLOW = `slug: soak
defaults: { profile: soak }
steps:
  - { key: soak, run: 'true', gate: Go on? }
`;
const MIB = 1_048_576;
const PROFILE = {
  ...{ slug: 'soak', name: 'soak', isolation: 'none', repositories: [], mounts: [], env: {} },
  ...{ resourceClass: 'small', network: 'none' },
  limits: {
    ...{ memoryBytes: 64 * MIB, pids: 16, cpuPercent: 100 },
    ...{ tmpBytes: MIB, workspaceBytes: MIB, outputBytes: MIB },
  },
};

/** So many runs that wait at a gate: what is written into them is the writer's. */
export async function startRuns(api, count) {
  await api.do(
    `mutation ($input: SandboxProfileInput!) { result: publishSandboxProfile(input: $input) { __typename ${REFUSAL} } }`,
    { input: { definition: PROFILE } },
  );
  await api.do(
    `mutation ($input: PublishFlowInput!) { result: publishFlow(input: $input) { __typename ${REFUSAL} } }`,
    {
      input: { source: FLOW },
    },
  );
  const runIds = [];
  for (let n = 0; n < count; n += 1) {
    const started = await api.do(
      `mutation ($input: StartRunInput!) { result: startRun(input: $input) { ... on Run { id } ${REFUSAL} ... on RunDeclined { retryable } } }`,
      { input: { flow: 'soak' } },
    );
    runIds.push(started.id);
  }
  return runIds;
}
