import { agentWork } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';
import { functionProblems } from './function-problems.js';
import { gateProblems } from './gate-problems.js';
import { consumedProblems } from './consumed-problems.js';
import { outcomeProblems } from './outcome-problems.js';
import { durationProblems } from './duration-problems.js';
import { isReservedVariable, parameterVariable, summaryVariable } from '../references/environment-names.js';
import { COMMAND_TIMEOUT_MS } from './normalise-flow.js';
import type { LocatedDocument, Path } from './located-document.js';
import { isRecord, type StepSketch } from './step-graph.js';

const WORK = ['agent', 'run', 'command', 'function'] as const;

/** What is wrong with single steps beyond their shape: no work or too much, two ways to say one thing, braces in scripts. */
export function stepProblems(document: LocatedDocument, steps: readonly StepSketch[]): Problem[] {
  const byKey = new Map(steps.map(step => [step.key, step]));
  return steps.flatMap(step => [
    ...workProblems(document, step),
    ...twoGatesBefore(document, step),
    ...bothWays(document, step, 'timeout', 'timeoutMs'),
    ...bothWays(document, step, 'silence', 'silenceMs'),
    ...durationProblems(document, step),
    ...gateProblems(document, step),
    ...functionProblems(document, step),
    ...outcomeProblems(document, step, byKey),
    ...consumedProblems(document, step, byKey),
    ...modelMissing(document, step),
    ...scriptProblems(document, step),
    ...variableProblems(document, step),
  ]);
}

function workProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  const given = WORK.filter(kind => step.raw[kind] !== undefined);
  const path = ['steps', step.index];
  if (given.length === 0)
    return step.raw['gate'] === undefined ? noWork(document, step) : gateStepProblems(document, step);
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
  if (step.raw['env'] === undefined || given[0] === 'run' || given[0] === 'command') return [];
  const message = `\`${step.key}\` has \`env\`, which only steps with \`run\` have.`;
  return [document.problem(path, message, { fix: 'Remove `env`.', key: 'env' })];
}

function noWork(document: LocatedDocument, step: StepSketch): Problem[] {
  return [
    document.problem(['steps', step.index], `\`${step.key}\` has no work.`, {
      fix: 'Give it `agent:`, `run:` or `function:`; or `gate:`, for a step that only asks people.',
    }),
  ];
}

/** Keys that say something about work which a step that only asks people does not have. */
function gateStepProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  return ['gates', 'env', 'output', 'artifacts', 'consumes', 'timeout', 'timeoutMs', 'silence', 'silenceMs']
    .filter(key => step.raw[key] !== undefined && !isDefault(key, step.raw[key]))
    .map(key =>
      document.problem(['steps', step.index], `\`${step.key}\` only asks people; \`${key}\` is for steps with work.`, {
        fix: key.startsWith('timeout')
          ? 'Write `timeout` inside of `gate`.'
          : `Remove \`${key}\`, or give the step \`agent:\`, \`run:\` or \`function:\`.`,
        key,
      }),
    );
}

/** What the stored form of every step says. */
function isDefault(key: string, value: unknown): boolean {
  return key === 'timeoutMs' ? value === COMMAND_TIMEOUT_MS : Array.isArray(value) && value.length === 0;
}

function twoGatesBefore(document: LocatedDocument, step: StepSketch): Problem[] {
  const { gate, gates } = step.raw;
  if (gate === undefined || !isRecord(gates) || gates['before'] === undefined) return [];
  return [
    document.problem(['steps', step.index, 'gates'], '`gate` and `gates.before` say the same thing.', {
      fix: 'Keep one of them.',
      key: 'before',
    }),
  ];
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
