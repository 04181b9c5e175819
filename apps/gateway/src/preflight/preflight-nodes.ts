import type { PreflightReport } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { holds, type Caller } from '../access/caller.js';
import { refusalNode } from '../graph/nodes.js';
import { wavesOf } from '../runs/run-start.js';
import type { estimateNode } from './estimate.js';

/** Tools that ask a person before each call, unless a grant covers it. */
const ASKS_FIRST: ReadonlySet<string> = new Set(['bash', 'write_file', 'edit_file']);

export function preflightNode(report: PreflightReport, caller: Caller, estimate: ReturnType<typeof estimateNode>) {
  const waves = wavesOf(report.steps);
  const problems = [...report.problems.map(problemNode), ...missingRights(caller)];
  return {
    flow: report.flow ?? null,
    choices: report.choices ?? null,
    parameters: report.parameters ?? null,
    ready: problems.length === 0,
    steps: report.steps.map((step, index) => stepNode(step, index + 1, waves.get(step.key) ?? 1)),
    waves: Math.max(0, ...waves.values()),
    estimate,
    permissions: permissionsOf(report, caller),
    ...needsOf(report),
    gates: report.gates.map(gateNode),
    problems,
    warnings: report.warnings,
  };
}

function stepNode(step: PreflightReport['steps'][number], number: number, wave: number) {
  const { kind, provider, model, skill, function: called, ...rest } = step;
  return {
    ...rest,
    number,
    wave,
    kind: kind.toUpperCase(),
    provider: provider ?? null,
    model: model ?? null,
    skill: skill ?? null,
    function: called ?? null,
  };
}

/** Names of the providers, skills and so on that the run needs. */
function needsOf({ providers, skills, functions, credentials, environments, integrations }: PreflightReport) {
  return { providers, skills, functions, credentials, environments, integrations };
}

/** The scope that starting takes, and the tools that agents get, with the steps that get them. */
function permissionsOf({ steps }: PreflightReport, caller: Caller) {
  const tools = new Map<string, string[]>();
  for (const step of steps) {
    for (const tool of step.tools) tools.set(tool, [...(tools.get(tool) ?? []), step.key]);
  }
  const scope = { kind: 'SCOPE', name: 'flows.run', steps: [], held: holds(caller, 'flows.run'), asksFirst: false };
  const granted = [...tools].map(([name, keys]) => ({
    ...{ kind: 'TOOL', name, steps: keys, held: true },
    asksFirst: ASKS_FIRST.has(name),
  }));
  return [scope, ...granted];
}

function gateNode(gate: PreflightReport['gates'][number]) {
  const { position, origin, policy, timeoutMs, ...rest } = gate;
  return {
    ...rest,
    position: position.toUpperCase(),
    everyStep: origin === 'every_step',
    approvers: policy.approvers ?? [],
    count: policy.count,
    excludeStarter: policy.excludeStarter,
    timeoutMs: timeoutMs ?? null,
  };
}

function missingRights(caller: Caller) {
  if (holds(caller, 'flows.run')) return [];
  const message = 'Starting runs takes the scope flows.run, which this token does not carry.';
  return [problemNode({ code: 'FORBIDDEN', message, fix: 'Use a token with flows.run.', details: [] })];
}

function problemNode({ code, message, fix, details }: PreflightReport['problems'][number]) {
  return refusalNode('RunDeclined', {
    rejected: code,
    message,
    ...(fix !== undefined && { fix }),
    details: details.map(shownProblem),
  });
}

function shownProblem({ path, message, fix }: PreflightReport['problems'][number]['details'][number]): Problem {
  return { path, message, ...(fix !== undefined && { fix }) };
}
