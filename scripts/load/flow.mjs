import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1_048_576;
const REFUSAL = '... on Refusal { code message details { path message } }';

/** Where every step writes down that it ran, as the steps and as we see it. */
export function countFile(home) {
  return join(home, 'counted', 'ran');
}

/** For the platform's environment: what the steps that call functions call. */
export function functionsOf(home) {
  return {
    ORCHESTRATOR_FUNCTIONS: join(import.meta.dirname, 'functions.mjs'),
    LOAD_COUNTS: countFile(home),
  };
}

/** Publishes the profile and the flow `load`: a chain of programs and functions that count themselves, with gates before two of them. */
export async function publishFlow(api, { steps, functions, isolation }, home) {
  const folder = join(home, 'counted');
  mkdirSync(folder);
  writeFileSync(countFile(home), '');
  chmodSync(countFile(home), 0o666); // each sandbox writes as a user of its own
  const inSandbox = isolation === 'bubblewrap';
  const mounts = inSandbox ? [{ source: folder, target: '/counts', mode: 'rw' }] : [];
  await api.do(
    `mutation ($input: SandboxProfileInput!) { result: publishSandboxProfile(input: $input) { __typename ${REFUSAL} } }`,
    { input: { definition: { ...PROFILE, isolation, mounts } } },
  );
  const source = flowSource({ steps, functions }, inSandbox ? '/counts/ran' : countFile(home));
  await api.do(
    `mutation ($input: PublishFlowInput!) { result: publishFlow(input: $input) { __typename ${REFUSAL} } }`,
    {
      input: { source },
    },
  );
}

/** How many gates one run stops at. */
export function gatesOf(steps) {
  return gatedSteps(steps).size;
}

/** Functions are among the programs, so that each follows the other where there is one of both. */
function flowSource({ steps, functions }, file) {
  const gated = gatedSteps(steps);
  const lines = Array.from({ length: steps }, (_, n) => {
    const needs = n === 0 ? '' : `, needs: [s${n - 1}]`;
    const gate = gated.has(n) ? ', gate: Go on?' : '';
    const isCalled = Math.floor(((n + 1) * functions) / steps) > Math.floor((n * functions) / steps);
    const work = isCalled ? 'function: count' : `run: 'echo "$RUNLEDGER_RUN_ID $RUNLEDGER_STEP" >> ${file}'`;
    return `  - { key: s${n}${needs}${gate}, ${work} }`;
  });
  return `slug: load\ndefaults: { profile: load }\nsteps:\n${lines.join('\n')}\n`;
}

function gatedSteps(steps) {
  return new Set([Math.floor(steps * 0.3), Math.floor(steps * 0.7)].filter(n => n > 0));
}

const PROFILE = {
  slug: 'load',
  name: 'load',
  repositories: [],
  env: {},
  resourceClass: 'small',
  network: 'none',
  limits: {
    memoryBytes: 256 * MIB,
    pids: 64,
    cpuPercent: 100,
    tmpBytes: 16 * MIB,
    workspaceBytes: 32 * MIB,
    outputBytes: MIB,
  },
};
