/** What is run, and what must become of it: the model that the platform is held against. */

const MIB = 1_048_576;

/**
 * Every program counts itself outside the sandbox, and every function outside the platform: once when it begins, once when it ends.
 * `falter` fails at first, beside another that takes its time.
 */
export const FLOW = `
slug: chaos
parameters:
  name: { type: string }
  fate: { type: string }
defaults: { profile: chaos }
steps:
  - key: announce
    function: { name: count, input: { ms: 20 } }
  - key: prepare
    needs: [announce]
    run: ${counted('sleep 0.2')}
  - key: note
    needs: [prepare]
    function: { name: count, input: { ms: 400 } }
  - key: falter
    needs: [prepare]
    function: { name: falter, input: { fate: '{{ parameters.fate }}' } }
    onFailure: { retry: { max: 2, backoff: 500ms } }
  - key: think
    needs: [note, falter]
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
  - key: close
    needs: [publish]
    function: { name: count, input: { ms: 0, after: '{{ steps.note.output }}' } }
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

const UNTIL_GATE = { announce: 1, note: 1, falter: 2 };

/**
 * The fates of a run: how its person decides at the gate, in which state it must end, which calls of programs end then, and how many
 * attempts its functions take. Most runs go through; the others are there so that no way out goes untried.
 */
export const FATES = {
  passes: { weight: 7, decision: 'APPROVE', status: 'COMPLETED', ended: CALLS, functions: { ...UNTIL_GATE, close: 1 } },
  fails: { weight: 1, decision: undefined, status: 'FAILED', ended: CALLS.slice(0, 3), functions: UNTIL_GATE },
  throws: {
    ...{ weight: 1, decision: undefined, status: 'FAILED' },
    ...{ ended: CALLS.slice(0, 1), functions: { ...UNTIL_GATE, falter: 3 } },
  },
  rejected: { weight: 1, decision: 'REJECT', status: 'REJECTED', ended: CALLS.slice(0, 4), functions: UNTIL_GATE },
  cancelled: { weight: 1, decision: 'CANCEL', status: 'CANCELLED', ended: CALLS.slice(0, 4), functions: UNTIL_GATE },
};

export function fateFrom(random) {
  return random.oneOf(Object.entries(FATES).flatMap(([name, { weight }]) => Array(weight).fill(name)));
}
