import { setTimeout as delay } from 'node:timers/promises';
import { FATES, FLOW, fateFrom, profile } from './plan.mjs';

const PUBLISH = /* GraphQL */ `
  mutation ($profile: JSON!, $source: String!) {
    profile: publishSandboxProfile(input: { definition: $profile }) {
      __typename
    }
    flow: publishFlow(input: { source: $source }) {
      __typename
    }
  }
`;
const START = /* GraphQL */ `
  mutation ($input: StartRunInput!) {
    started: startRun(input: $input) {
      __typename
      ... on Run {
        id
      }
      ... on Refusal {
        code
        message
      }
    }
  }
`;
const LOOK = /* GraphQL */ `
  query ($id: ID!) {
    run(id: $id) {
      status
      approvals {
        id
        state
        shownHash
      }
    }
  }
`;
const DECIDE = /* GraphQL */ `
  mutation ($input: DecisionInput!) {
    decided: decide(input: $input) {
      __typename
      ... on Refusal {
        code
      }
    }
  }
`;
const CANCEL = /* GraphQL */ `
  mutation ($runId: ID!) {
    cancelled: cancelRun(runId: $runId) {
      __typename
    }
  }
`;
const ENDED = ['COMPLETED', 'FAILED', 'REJECTED', 'CANCELLED'];
const LOOK_EVERY_MS = 400;

export async function publish(api, mount) {
  const answer = await api.data(PUBLISH, { profile: profile(mount), source: FLOW });
  const refused = Object.values(answer).filter(
    ({ __typename }) => !['SandboxProfile', 'FlowVersion'].includes(__typename),
  );
  if (refused.length > 0) throw new Error(`The flow of the load was refused: ${JSON.stringify(answer)}`);
}

/**
 * A steady stream of runs, each with a person who looks at it and decides at its gate. `runs` fills as they are started;
 * `done` resolves when all that were started have ended, or rejects for the first that has not in time.
 */
export class Load {
  runs = [];
  #people = [];
  /** When the last run was started: a person is patient from then on. A machine that has too much to do is no finding. */
  #overAt = Infinity;

  constructor(api, random, { everyMs, onStarted }) {
    this.api = api;
    this.random = random;
    this.everyMs = everyMs;
    this.onStarted = onStarted;
  }

  /** Starts runs until `signal` aborts. */
  async go(signal) {
    while (!signal.aborted) {
      const fate = fateFrom(this.random);
      this.#people.push(this.#person(fate, `chaos-${this.runs.length}`));
      await delay(this.everyMs, undefined, { signal }).catch(() => undefined);
    }
    this.#overAt = Date.now();
  }

  /** All ended, in whatever state. */
  async done() {
    await Promise.all(this.#people);
  }

  async #person(fate, key) {
    const run = { fate, key, startedAt: Date.now() };
    this.runs.push(run);
    try {
      run.id = await this.#start(run);
      this.onStarted(run);
      run.status = await this.#see(run);
      run.endedAt = Date.now();
    } catch (error) {
      run.problem = error.message;
    }
  }

  async #start({ fate, key }) {
    const input = { flow: 'chaos', parameters: { name: key, fate }, idempotencyKey: key };
    const { started } = await this.api.data(START, { input });
    if (started.__typename !== 'Run') throw new Error(`start: ${JSON.stringify(started)}`);
    return started.id;
  }

  /** Looks now and then, decides when asked, until the run has ended. */
  async #see(run) {
    for (;;) {
      const { run: shown } = await this.api.data(LOOK, { id: run.id });
      if (ENDED.includes(shown?.status)) return shown.status;
      const open = shown?.approvals.find(({ state }) => state === 'OPEN');
      if (open) await this.#decide(run, open);
      else if (Date.now() > this.#overAt + this.api.patienceMs)
        throw new Error(`still ${shown?.status} ${this.api.patienceMs / 1000} s after the last disaster`);
      await delay(LOOK_EVERY_MS);
    }
  }

  async #decide({ id, fate }, { id: requestId, shownHash }) {
    const { decision } = FATES[fate];
    if (decision === 'CANCEL') return this.api.data(CANCEL, { runId: id });
    return this.api.data(DECIDE, { input: { requestId, decision, shownHash } });
  }
}
