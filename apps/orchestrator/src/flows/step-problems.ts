import { agentWork } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { durationMs, isDuration } from './flow-document.js';
import { isReservedVariable, parameterVariable, summaryVariable } from '../references/environment-names.js';
import type { LocatedDocument, Path } from './located-document.js';
import { isRecord, type StepSketch } from './step-graph.js';

const WORK = ['agent', 'run', 'command'] as const;

/** What is wrong with single steps beyond their shape: no work or too much, two ways to say one thing, braces in scripts. */
export function stepProblems(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  return steps.flatMap(step => [
    ...workProblems(document, step),
    ...bothWays(document, step, 'gate', 'gates'),
    ...bothWays(document, step, 'timeout', 'timeoutMs'),
    ...timeoutRange(document, step),
    ...modelMissing(document, step),
    ...scriptProblems(document, step),
    ...variableProblems(document, step),
  ]);
}

function workProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  const given = WORK.filter(kind => step.raw[kind] !== undefined);
  const path = ['steps', step.index];
  if (given.length === 0) {
    return [document.problem(path, `\`${step.key}\` has no work.`, { fix: 'Give it either `agent:` or `run:`.' })];
  }
  const second = given[1];
  if (second !== undefined) {
    const both = given.map(kind => `\`${kind}\``).join(' and ');
    return [
      document.problem(path, `\`${step.key}\` has ${both}; a step does one thing.`, {
        fix: 'Keep one of them, or make two steps.',
        key: second,
      }),
    ];
  }
  return bothWays(document, step, 'env', 'agent').map(problem => ({
    ...problem,
    message: `\`${step.key}\` has \`env\`, which only steps with \`run\` have.`,
    fix: 'Remove `env`.',
  }));
}

function bothWays(document: LocatedDocument, step: StepSketch, short: string, long: string): Problem[] {
  if (step.raw[short] === undefined || step.raw[long] === undefined) return [];
  return [
    document.problem(['steps', step.index], `\`${short}\` and \`${long}\` say the same thing.`, {
      fix: `Keep \`${short}\`.`,
      key: long,
    }),
  ];
}

function timeoutRange(document: LocatedDocument, step: StepSketch): Problem[] {
  const { timeout } = step.raw;
  if (typeof timeout !== 'string' || !isDuration(timeout)) return [];
  const ms = durationMs(timeout);
  if (ms >= 100 && ms <= 86_400_000) return [];
  return [document.problem(['steps', step.index, 'timeout'], `\`${timeout}\` is not between 100ms and 24h.`)];
}

function modelMissing(document: LocatedDocument, step: StepSketch): Problem[] {
  const { agent } = step.raw;
  if (!isRecord(agent) || agent['model'] !== undefined) return [];
  const provider = agentWork.shape.provider.safeParse(agent['provider']);
  if (!provider.success || provider.data === 'scripted') return [];
  return [
    document.problem(['steps', step.index, 'agent'], `\`model\` is missing.`, {
      fix: 'Name the model that this provider shall use.',
    }),
  ];
}

/** See `environment-names.ts` for why scripts are never filled in. */
function scriptProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  return commandTexts(step).flatMap(({ path, text }) =>
    [...text.matchAll(/\{\{\s*(parameters|steps)\.([\w-]+)[^}]*\}\}/g)].map(([whole, root, name]) => {
      const variable = root === 'parameters' ? parameterVariable(name ?? '') : summaryVariable(name ?? '');
      return document.problem(
        path,
        `\`${whole}\` is not filled in here: scripts get values as environment variables only.`,
        {
          fix: `Write "$${variable}".`,
        },
      );
    }),
  );
}

function variableProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  return environments(step).flatMap(({ path, env }) =>
    Object.keys(env)
      .filter(isReservedVariable)
      .map(name =>
        document.problem(path, `\`${name}\` is set by the platform.`, { fix: 'Choose another name.', key: name }),
      ),
  );
}

function commandTexts(step: StepSketch): { path: Path; text: string }[] {
  const { run, command } = step.raw;
  const scripts = [
    { path: ['steps', step.index, 'run'], text: run },
    { path: ['steps', step.index, 'command', 'run'], text: isRecord(command) ? command['run'] : undefined },
    ...environments(step).flatMap(({ path, env }) =>
      Object.entries(env).map(([name, text]) => ({ path: [...path, name], text })),
    ),
  ];
  return scripts.flatMap(({ path, text }) => (typeof text === 'string' ? [{ path, text }] : []));
}

function environments(step: StepSketch): { path: Path; env: Record<string, unknown> }[] {
  const { env, command } = step.raw;
  const own = isRecord(env) ? [{ path: ['steps', step.index, 'env'], env }] : [];
  const inner = isRecord(command) ? command['env'] : undefined;
  return [...own, ...(isRecord(inner) ? [{ path: ['steps', step.index, 'command', 'env'], env: inner }] : [])];
}
