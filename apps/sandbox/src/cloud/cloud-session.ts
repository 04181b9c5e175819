import { AgentSessionOpened } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { randomUUID } from 'node:crypto';
import { persistently } from '../agent/model-patience.js';
import type { Patience } from '../agent/model-patience.js';
import { AttemptLeftError } from '../attempt/stop-switch.js';
import type { StepRun } from '../attempt/step-run.js';
import type { Connection } from '../integrations/credentials.js';
import { agentGone, CloudFault, faultOfRequest } from './cloud-faults.js';
import type { CloudAnswer, CloudRun, CursorApi } from './cursor-api.js';

export interface CloudWork {
  readonly run: StepRun;
  readonly work: AgentWork;
  readonly api: CursorApi;
  readonly patience: Patience;
  readonly connection: Connection;
}

const PROGRAM = 'Cursor cloud agent';
const AGENT_URL = 'https://cursor.com/agents?id=';

/** Thrown out of a request because the attempt stops. */
export class CloudStoppedError extends Error {
  constructor() {
    super('The attempt stops.');
    this.name = 'CloudStoppedError';
  }
}

/** The agent of one attempt at its vendor: made once, whatever happens here, and found again by whoever goes on (R2). */
export class CloudSession {
  #agentId = '';
  #after: string | undefined;
  /** Nobody has asked for it yet. */
  #isNew = false;

  constructor(private readonly cloud: CloudWork) {}

  get agentId(): string {
    return this.#agentId;
  }

  /** Its name is written down before it is asked for: whoever goes on asks for the same one. */
  async open(): Promise<void> {
    const { sessionId, sessionAfter, earlier } = this.cloud.run.history;
    if (sessionId !== undefined) {
      this.#agentId = sessionId;
      this.#after = sessionAfter;
      return;
    }
    if (!earlier) return this.#begin(`bc-${randomUUID()}`, undefined, true);
    const after = earlier.isOver ? (await this.#runs(earlier.sessionId))?.at(-1)?.id : earlier.after;
    // One that went away with its account or its retention is begun anew.
    if (earlier.isOver && after === undefined) return this.#begin(`bc-${randomUUID()}`, undefined, true);
    return this.#begin(earlier.sessionId, after, false);
  }

  /** The run that answers a prompt: the one that was begun for it before, else a new one. `turn` is from 1. */
  async runOf(turn: number, prompt: string): Promise<CloudRun> {
    if (this.#isNew) return this.#created(prompt);
    const runs = await this.#runs(this.#agentId);
    if (!runs) {
      if (turn > 1 || this.#after !== undefined) throw agentGone(this.#agentId);
      return this.#created(prompt);
    }
    return this.#own(runs)[turn - 1] ?? this.#followed(turn, prompt);
  }

  /** Makes a request again as long as its fault may pass; throws {@link CloudFault} and {@link CloudStoppedError}. */
  async insist<Value>(request: () => Promise<CloudAnswer<Value>>): Promise<Value | 'absent' | 'conflict'> {
    const { run, patience, connection } = this.cloud;
    const answer = await persistently(patience, run, request);
    if (answer.status === 'finished') return answer.value;
    if (answer.status === 'failed') throw faultOfRequest(answer.fault, connection.name ?? connection.kind);
    if (run.stop.cause === 'shutdown' || run.stop.cause === 'lost') throw new AttemptLeftError(run.stop.cause);
    throw new CloudStoppedError();
  }

  async #begin(agentId: string, after: string | undefined, isNew: boolean): Promise<void> {
    const { transcript } = this.cloud.run;
    const session = { sessionId: agentId, program: PROGRAM, url: `${AGENT_URL}${agentId}` };
    const at = transcript.now();
    transcript.add(AgentSessionOpened({ ...transcript.place, ...session, ...(after !== undefined && { after }), at }));
    await transcript.flush();
    [this.#agentId, this.#after, this.#isNew] = [agentId, after, isNew];
  }

  /** Undefined: there is no such agent. */
  async #runs(agentId: string): Promise<readonly CloudRun[] | undefined> {
    const runs = await this.insist(() => this.cloud.api.runs(agentId));
    return typeof runs === 'string' ? undefined : runs;
  }

  #own(runs: readonly CloudRun[]): readonly CloudRun[] {
    const at = this.#after === undefined ? -1 : runs.findIndex(({ id }) => id === this.#after);
    return runs.slice(at + 1);
  }

  async #created(prompt: string): Promise<CloudRun> {
    const { api } = this.cloud;
    const wanted = this.#wanted(prompt);
    let tries = 0;
    const answer = await this.insist(async () => {
      tries += 1;
      const made = tries > 1 ? await this.#madeBefore(wanted.name) : undefined;
      return made ?? api.create(wanted);
    });
    this.#isNew = false;
    if (typeof answer !== 'string') {
      if (answer.agent.id !== this.#agentId) await this.#begin(answer.agent.id, undefined, false);
      return answer.run;
    }
    const [first] = answer === 'conflict' ? ((await this.#runs(this.#agentId)) ?? []) : [];
    if (!first) throw agentGone(this.#agentId);
    return first;
  }

  /** After a request of which nobody knows what became: the agent may be there, also under a name that the vendor gave it. */
  async #madeBefore(name: string): Promise<CloudAnswer<{ agent: { id: string }; run: CloudRun }> | undefined> {
    const { api } = this.cloud;
    const listed = await api.agents();
    if (listed.status !== 'finished') return listed;
    const items = typeof listed.value === 'string' ? [] : listed.value.items;
    const found = items.find(agent => agent.id === this.#agentId || agent.name === name);
    if (!found) return undefined;
    const runs = await api.runs(found.id);
    if (runs.status !== 'finished') return runs;
    const first = typeof runs.value === 'string' ? undefined : runs.value[0];
    return first && { status: 'finished', value: { agent: found, run: first } };
  }

  async #followed(turn: number, prompt: string): Promise<CloudRun> {
    const { api } = this.cloud;
    const key = `${this.cloud.run.attempt.place.attemptId}.c${turn}`;
    let tries = 0;
    const answer = await this.insist<{ readonly run: CloudRun }>(async () => {
      tries += 1;
      if (tries === 1) return busyWaits(await api.followUp(this.#agentId, prompt, key));
      const runs = await api.runs(this.#agentId);
      if (runs.status !== 'finished') return runs;
      const known = typeof runs.value === 'string' ? undefined : this.#own(runs.value)[turn - 1];
      if (known) return { status: 'finished', value: { run: known } };
      return busyWaits(await api.followUp(this.#agentId, prompt, key));
    });
    if (typeof answer === 'string') throw agentGone(this.#agentId);
    return answer.run;
  }

  #wanted(prompt: string) {
    const { run, work, connection } = this.cloud;
    const repositories = run.profile.repositories.filter(({ url }) => url.startsWith('https://'));
    if (repositories.length < run.profile.repositories.length) throw outOfReach();
    return {
      ...{ agentId: this.#agentId, name: `runledger ${run.attempt.place.attemptId}`, prompt },
      ...(work.model !== 'default' && { model: work.model }),
      repositories,
      pullRequests: connection.settings['pullRequests'] === 'yes',
    };
  }
}

/** Another run of the agent is under way, which somebody else has begun: it will be over. */
function busyWaits<Value>(answer: CloudAnswer<Value>): CloudAnswer<Value> {
  if (answer.status !== 'finished' || answer.value !== 'conflict') return answer;
  const message = 'The cloud agent is busy with another run.';
  return { status: 'failed', fault: { code: 'overloaded', message }, usage: undefined };
}

function outOfReach(): CloudFault {
  const message =
    'Cloud agents work on repositories that their vendor reaches over https, and the profile names others.';
  const fix = 'Use a profile whose repositories have https addresses.';
  return new CloudFault('BLOCKED', { code: 'ENVIRONMENT', message, fix });
}
