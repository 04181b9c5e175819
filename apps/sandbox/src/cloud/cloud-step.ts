import { ModelTurnEnded, OUTSIDE_TOOLS, UsageRecorded } from '@runledger/contracts';
import type { AgentWork, Json } from '@runledger/contracts';
import { stopped } from '../agent/agent-results.js';
import { reportUse } from '../agent/connection-use.js';
import { judged } from '../agent/earlier-turns.js';
import { endOrSendBack } from '../agent/last-words.js';
import type { Patience } from '../agent/model-patience.js';
import { ProviderNotConnectedError } from '../agent/providers.js';
import { StructuredAnswer } from '../agent/structured-answer.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { cannotAsk, CloudFault, faultOfEnd } from './cloud-faults.js';
import { followed } from './cloud-following.js';
import { CloudSession, CloudStoppedError } from './cloud-session.js';
import type { CloudWork } from './cloud-session.js';
import { CloudTurn } from './cloud-turn.js';
import { usedIn } from './cloud-usage.js';
import { CursorApi } from './cursor-api.js';
import type { CloudBranch, CloudRun } from './cursor-api.js';

/**
 * An agent at work on machines of its vendor, on the repositories of the profile. It is asked over the vendor's interface, which says what
 * happens; nothing of it happens in the sandbox. It goes on while nobody here listens, and is taken up again by whoever has the
 * attempt next (R2).
 */
export async function runCloudStep(patience: Patience, run: StepRun, work: AgentWork): Promise<StepResult> {
  const { output } = run.attempt.ready;
  const answer = output && (await StructuredAnswer.of(output));
  const before = judged({ run, answer });
  if (before.end) return before.end;
  const connection = await run.credentials.connection('cursor-cloud', work.connection);
  if (!connection) throw notConnected(work);
  const api = new CursorApi(connection, run.stop.signal);
  const cloud: CloudWork = { run, work, api, patience, connection };
  try {
    const result = await promptUntilDone({ ...cloud, answer, before });
    await reportUse(run.credentials, connection, { status: 'finished' });
    return result;
  } catch (error) {
    if (error instanceof CloudStoppedError) return stopped(run, run.history.turns.length);
    if (!(error instanceof CloudFault)) throw error;
    const { outcome, reason } = error;
    if (outcome === 'BLOCKED' && reason.needs !== undefined) {
      const fault = { code: reason.code as 'auth', message: reason.message };
      await reportUse(run.credentials, connection, { status: 'failed', fault });
    }
    return { outcome, turns: run.history.turns.length, error: reason };
  }
}

interface Asked extends CloudWork {
  readonly answer: StructuredAnswer | undefined;
  readonly before: ReturnType<typeof judged>;
}

/** Asks until what it says is what was wanted, or it cannot go on. */
async function promptUntilDone(cloud: Asked): Promise<StepResult> {
  const { run, work, answer, before } = cloud;
  if (run.asking.some(tool => !OUTSIDE_TOOLS.includes(tool))) throw cannotAsk();
  run.stop.throwIfPaused();
  const session = new CloudSession(cloud);
  await session.open();
  const first = [work.instructions, work.prompt, answer?.rule].filter(part => part !== undefined).join('\n\n');
  let [prompt, said] = [before.next ?? first, before.said];
  for (let turn = run.history.turns.length + 1; ; turn += 1) {
    run.stop.throwIfPaused();
    const told = new CloudTurn(run, turn);
    const begun = await session.runOf(turn, prompt);
    const ended = await followed(cloud, session, { begun, told });
    if (!ended) return stopped(run, turn);
    const words = await recorded(cloud, session, { turn, told, ended });
    if (ended.status !== 'FINISHED') throw faultOfEnd(ended.status, words);
    said = words === '' ? said : words;
    const end = endOrSendBack({ run, answer }, { turn, text: words, said, finishReason: 'stop' });
    if ('outcome' in end) return withBranches(end, session, ended);
    prompt = end.content;
  }
}

interface EndedTurn {
  readonly turn: number;
  readonly told: CloudTurn;
  readonly ended: CloudRun;
}

/** Answers what it said last. */
async function recorded(cloud: CloudWork, session: CloudSession, { turn, told, ended }: EndedTurn): Promise<string> {
  const { run } = cloud;
  const { transcript, history } = run;
  await told.conclude(ended.result ?? '');
  told.close();
  for (const [index, branch] of branchesOf(ended).entries()) {
    const key = `c${turn}.branch.${index}`;
    if (!history.entryIds.has(`${transcript.place.attemptId}/${key}`))
      transcript.note('InfoRecorded', key, shown(branch));
  }
  await recordUsage(cloud, session, { turn, runId: ended.id });
  const words = ended.result?.trim() ? ended.result : told.last;
  const messages = [{ role: 'assistant', content: words }];
  transcript.add(ModelTurnEnded({ ...transcript.place, turn, finishReason: 'stop', messages, at: transcript.now() }));
  await transcript.flush();
  return words;
}

/** Cursor is paid for as a subscription: its tokens are counted, and cost 0 on purpose. */
async function recordUsage(
  { run, work, api }: CloudWork,
  session: CloudSession,
  { turn, runId }: { readonly turn: number; readonly runId: string },
): Promise<void> {
  const { transcript, history } = run;
  const usageId = `${transcript.place.attemptId}.c${turn}`;
  if (history.usageIds.has(usageId)) return;
  const buckets = usedIn(await api.usage(session.agentId, runId), runId);
  if (!buckets) {
    const text = 'Cursor did not say how many tokens the agent used: they are unknown.';
    if (history.entryIds.has(`${transcript.place.attemptId}/usage.c${turn}`)) return;
    return transcript.note('InfoRecorded', `usage.c${turn}`, text);
  }
  const usage = { kind: 'model', provider: 'subscription', model: work.model, ...buckets } as const;
  transcript.add(UsageRecorded({ ...transcript.place, usageId, usage, at: transcript.now() }));
}

/** Where no other output was asked for, it is where its work can be found. */
function withBranches(result: StepResult, session: CloudSession, ended: CloudRun): StepResult {
  if (result.output !== undefined) return result;
  const branches = branchesOf(ended).map(({ repoUrl, branch, prUrl }): Json => ({
    repository: repoUrl,
    branch: branch ?? null,
    pullRequest: prUrl ?? null,
  }));
  return { ...result, output: { agent: session.agentId, branches } };
}

function branchesOf({ git }: CloudRun): readonly CloudBranch[] {
  return (git?.branches ?? []).filter(({ branch, prUrl }) => branch || prUrl);
}

function shown({ repoUrl, branch, prUrl }: CloudBranch): string {
  const where = branch ? `It has pushed to the branch ${branch} of ${repoUrl}.` : `It has changed ${repoUrl}.`;
  return prUrl ? `${where} Pull request: ${prUrl}` : where;
}

function notConnected({ provider, connection }: AgentWork): ProviderNotConnectedError {
  const named = connection === undefined ? 'an integration' : `an integration ${connection}`;
  return new ProviderNotConnectedError(provider, `Connect ${named} of kind ${provider}.`, connection ?? provider);
}
