import type {
  AgentWork,
  CommandWork,
  FunctionOrder,
  FunctionWork,
  Json,
  StepDefinition,
  StepError,
} from '@runledger/contracts';
import { jsonBytes, MAX_WORK_BYTES } from '../values/storable-text.js';
import {
  CHANGES_VARIABLE,
  parameterVariable,
  RUN_ID_VARIABLE,
  SUBJECT_VARIABLES,
  summaryVariable,
} from '../references/environment-names.js';
import { filledValue, fillReferences, jsonAt, mapStrings, type Reference } from '../references/references.js';
import type { RunFacts, StepStanding } from './run-state.js';

/** Longest prompt and longest instructions after filling in, in characters: the contract's limit. */
const MAX_TEXT = 100_000;

type Filled = { readonly work: Work } | { readonly error: StepError };
type Work = { readonly agent: AgentWork } | { readonly command: CommandWork } | { readonly function: FunctionOrder };

/** What people want of one attempt beyond what the flow says. */
export interface FurtherOrders {
  /** Instead of the instructions of the flow. */
  readonly instructions?: string | undefined;
  /** What they missed in the attempt before; taken as it is, whatever braces are in it. */
  readonly changes?: string | undefined;
}

/** The work of a step with everything filled in that only the run knows, or why that cannot be done. */
export function workOf(run: RunFacts, step: StepDefinition, orders: FurtherOrders = {}): Filled {
  if (step.command) return commandOf(run, step, step.command, orders);
  if (step.function) return functionOf(run, step.function, orders);
  if (step.agent) return agentOf(run, instructed(step.agent, orders), orders);
  return { error: { code: 'NO_WORK', message: `Step ${step.key} has neither an agent, a script nor a function.` } };
}

function instructed(agent: AgentWork, { instructions }: FurtherOrders): AgentWork {
  return instructions === undefined ? agent : { ...agent, instructions };
}

function agentOf(run: RunFacts, agent: AgentWork, { changes }: FurtherOrders): Filled {
  const { missing, find } = searchIn(run);
  const fill = (text: string) => fillReferences(text, find);
  const filled = {
    ...agent,
    ...(agent.instructions === undefined ? {} : { instructions: fill(agent.instructions) }),
    prompt: withChanges(fill(agent.prompt), changes),
    ...(agent.script === undefined ? {} : { script: mapStrings(agent.script, fill) }),
  };
  if (missing.length > 0) return { error: unresolved(missing) };
  const longest = Math.max(filled.prompt.length, filled.instructions?.length ?? 0);
  if (filled.prompt === '') return { error: emptyPrompt() };
  if (longest > MAX_TEXT || jsonBytes(filled) > MAX_WORK_BYTES) return { error: tooLarge() };
  return { work: { agent: filled } };
}

function functionOf(run: RunFacts, { name, input }: FunctionWork, { changes }: FurtherOrders): Filled {
  const { missing, find } = searchIn(run);
  const filled = {
    name,
    input: mapStrings<FunctionWork['input']>(input, text => filledValue(text, find)),
    ...(changes === undefined ? {} : { changes }),
  };
  if (missing.length > 0) return { error: unresolved(missing) };
  return jsonBytes(filled) > MAX_WORK_BYTES ? { error: tooLarge() } : { work: { function: filled } };
}

/** Finds the values of references, and collects those that should be there and are not. */
function searchIn(run: RunFacts) {
  const missing: string[] = [];
  const find = (reference: Reference): Json | undefined => {
    const found = valueOf(run, reference);
    if (found.missing !== undefined) missing.push(found.missing);
    return found.value;
  };
  return { missing, find };
}

function withChanges(prompt: string, changes: string | undefined): string {
  return changes === undefined
    ? prompt
    : `${prompt}\n\nPeople looked at your result and ask for these changes:\n${changes}`;
}

/** Values reach scripts as environment variables only: see `environment-names.ts`. */
function commandOf(run: RunFacts, step: StepDefinition, command: CommandWork, { changes }: FurtherOrders): Filled {
  const env: Record<string, string> = { ...command.env, [RUN_ID_VARIABLE]: run.plan.runId };
  for (const [name, value] of Object.entries(run.plan.parameters)) env[parameterVariable(name)] = asText(value);
  Object.assign(env, subjectVariables(run));
  if (changes !== undefined) env[CHANGES_VARIABLE] = changes;
  for (const key of summarised(step, command)) env[summaryVariable(key)] = summaryOf(progressOf(run, key));
  const filled = { run: command.run, env };
  const length = Object.values(env).reduce((sum, value) => sum + value.length, command.run.length);
  // A character takes three bytes at most; small work need not be measured.
  if (length * 3 > MAX_WORK_BYTES && jsonBytes(filled) > MAX_WORK_BYTES) return { error: tooLarge() };
  return { work: { command: filled } };
}

function subjectVariables({ plan }: RunFacts): Record<string, string> {
  const fields = Object.entries(plan.started.subject ?? {});
  return Object.fromEntries(
    fields.flatMap(([field, value]) =>
      value === undefined ? [] : [[SUBJECT_VARIABLES[field as keyof typeof SUBJECT_VARIABLES], asText(value)]],
    ),
  );
}

/** The steps that this one needs itself, and any earlier one whose variable its script mentions. */
function summarised(step: StepDefinition, command: CommandWork): string[] {
  const mentioned = [...command.run.matchAll(/\bSTEP_([A-Z0-9_]+)_SUMMARY\b/g)].map(([, name]) =>
    (name ?? '').toLowerCase().replaceAll('_', '-'),
  );
  return [...new Set([...step.needs, ...mentioned])];
}

function valueOf(
  run: RunFacts,
  reference: Reference,
): { readonly value?: Json | undefined; readonly missing?: string } {
  if (reference.kind === 'parameter') {
    return { value: jsonAt(run.plan.parameters, [reference.name, ...reference.path]) };
  }
  if (reference.kind === 'subject') return { value: jsonAt(subjectOf(run), reference.path) };
  const progress = progressOf(run, reference.step);
  if (reference.field === 'summary') return { value: summaryOf(progress) };
  // A skipped step has no output and its readers go on without; a completed one must keep what the author counts on.
  if (progress?.status !== 'completed') return {};
  const value = jsonAt(progress.output, reference.path);
  if (value !== undefined || reference.path.length === 0) return { value };
  return { missing: ['steps', reference.step, 'output', ...reference.path].join('.') };
}

/** Nothing when the run is about nothing: a flow may be started from a record or by hand. */
function subjectOf({ plan }: RunFacts): Json | undefined {
  const { subject } = plan.started;
  return subject && (Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== undefined)) as Json);
}

function progressOf(run: RunFacts, key: string): StepStanding | undefined {
  const index = run.plan.indexOf.get(key);
  return index === undefined ? undefined : run.steps.at(index);
}

function summaryOf(progress: StepStanding | undefined): string {
  return progress?.status === 'completed' ? (progress.summary ?? '') : '';
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unresolved(missing: readonly string[]): StepError {
  const names = [...new Set(missing)].map(name => `\`{{ ${name} }}\``).join(', ');
  return {
    code: 'UNRESOLVED_REFERENCE',
    message: `The step was not started: ${names} is not in the output of that step.`,
    fix: 'Correct the reference, or let the earlier step put it into its output.',
  };
}

function emptyPrompt(): StepError {
  return {
    code: 'EMPTY_PROMPT',
    message: 'The step was not started: its prompt is empty once the references are filled in.',
    fix: 'Write some fixed text into the prompt.',
  };
}

function tooLarge(): StepError {
  return {
    code: 'WORK_TOO_LARGE',
    message: `The step was not started: once filled in, its texts are too long (${MAX_TEXT} characters each, ${MAX_WORK_BYTES} bytes in all).`,
    fix: 'Hand large results on as files in the workspace instead of through references.',
  };
}
