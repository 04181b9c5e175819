/** What is run, and what must become of it: the model that the platform is held against. */

const MIB = 1_048_576;

/** Every program counts itself outside the sandbox: once when it begins, once when it ends. */
export const FLOW = `
slug: chaos
parameters:
  name: { type: string }
  fate: { type: string }
defaults: { profile: chaos }
steps:
  - key: prepare
    run: ${counted('sleep 0.2')}
  - key: think
    needs: [prepare]
    agent:
      provider: scripted
      prompt: Count.
      tools: [bash]
      script:
        - tools: [{ name: bash, arguments: { command: '${agentCall('first')}' } }]
        - tools: [{ name: bash, arguments: { command: '${agentCall('second')}' } }]
        - text: Counted.
  - key: work
    needs: [think]
    run: ${counted('[ "$PARAM_FATE" != fails ]')}
  - key: publish
    needs: [work]
    gate: May it be published?
    run: ${counted('true')}
`;

function counted(work) {
  const line = what => `echo "$PARAM_NAME $RUNLEDGER_STEP ${what}" >> /counts/ran`;
  return `'${line('begins')}; ${work}; ${line('ends')}'`;
}

function agentCall(name) {
  return `echo "{{ parameters.name }} think.${name} begins" >> /counts/ran; sleep 0.1; echo "{{ parameters.name }} think.${name} ends" >> /counts/ran`;
}

/** `mount`: the folder of this machine in which work is counted. */
export function profile(mount) {
  return {
    slug: 'chaos',
    name: 'Chaos',
    isolation: 'bubblewrap',
    repositories: [],
    mounts: [{ source: mount, target: '/counts', mode: 'rw' }],
    env: {},
    resourceClass: 'small',
    network: 'none',
    limits: {
      memoryBytes: 256 * MIB,
      pids: 64,
      cpuPercent: 100,
      tmpBytes: 16 * MIB,
      workspaceBytes: 16 * MIB,
      outputBytes: MIB,
    },
  };
}

const CALLS = ['prepare', 'think.first', 'think.second', 'work', 'publish'];

/**
 * The fates of a run: how its person decides at the gate, in which state it must end, and which calls end then. Most runs
 * go through; the others are there so that no way out goes untried.
 */
export const FATES = {
  passes: { weight: 7, decision: 'APPROVE', status: 'COMPLETED', ended: CALLS },
  fails: { weight: 1, decision: undefined, status: 'FAILED', ended: CALLS.slice(0, 3) },
  rejected: { weight: 1, decision: 'REJECT', status: 'REJECTED', ended: CALLS.slice(0, 4) },
  cancelled: { weight: 1, decision: 'CANCEL', status: 'CANCELLED', ended: CALLS.slice(0, 4) },
};

export function fateFrom(random) {
  return random.oneOf(Object.entries(FATES).flatMap(([name, { weight }]) => Array(weight).fill(name)));
}
