import { hash } from 'node:crypto';
import { isDeeperThan, MAX_LEVELS, slug } from '@runledger/contracts';
import type { DailyRuns, InputOf, Json, RefusalOf, RunChoices, StartRun } from '@runledger/contracts';
import { canonicalJson, closestWord, keyOf, reject, shortened, type Problem, type Rejection } from '@runledger/kernel';
import type { JsonObject, PointedError } from '../parameters/parameter-schema.js';
import { jsonBytes, unstorableTexts } from '../values/storable-text.js';
import type { PinnedFlow } from './pinned-flows.js';

export type StartRequest = InputOf<typeof StartRun>;
export type Decline = Rejection<RefusalOf<typeof StartRun>>;

/** Parameters travel in the run's first event and in environment variables, which take no more. */
const MAX_PARAMETER_BYTES = 100_000;
const MAX_SUBJECT_BYTES = 10_000;
/** Names that whoever starts may have made up are told up to here, in characters: a decline is stored. */
const MAX_NAME = 200;
const MAX_TOLD = 20;

/** What was asked for, in one word, so that an idempotency key used for something else is noticed. */
export function requestHash({ flow, version, onlyStep, parameters, choices, subject }: StartRequest): string {
  const asked = { flow: keyOf(flow), version, onlyStep, parameters, choices, subject };
  return hash('sha256', canonicalJson(asked));
}

/** The slug behind a slug or a `flow_…` id; undefined when it can be neither. */
export function flowSlug(flow: string): string | undefined {
  const parsed = slug.safeParse(keyOf(flow));
  return parsed.success ? parsed.data : undefined;
}

/** The parameters with defaults filled in, or every reason why they do not fit. */
export function checkParameters({ parameters, subject }: StartRequest, flow: PinnedFlow): JsonObject | Decline {
  const problems = sizeProblems(parameters, subject);
  if (problems.length > 0) return parameterDecline(problems, false);
  const checked = flow.parameters.check(parameters);
  if ('parameters' in checked) {
    const filled = tooLarge('parameters', jsonBytes(checked.parameters), MAX_PARAMETER_BYTES);
    return filled.length > 0 ? parameterDecline(filled, false) : checked.parameters;
  }
  const missing = checked.errors.some(error => error.missing);
  return parameterDecline(checked.errors.map(parameterProblem), missing);
}

export function resolveChoices(request: StartRequest, flow: PinnedFlow, profile: string): RunChoices {
  const { defaults } = flow.flow.definition;
  return {
    profile,
    execution: request.choices.execution ?? defaults.execution,
    checkpointMode: request.choices.checkpointMode ?? defaults.checkpointMode,
  };
}

export function flowNotFound({ flow, version }: StartRequest, exists: boolean): Decline {
  if (exists) {
    return reject('FLOW_NOT_FOUND', `The flow ${keyOf(flow)} has no version ${version ?? 1}.`, {
      fix: 'Leave the version out to start the newest.',
    });
  }
  return reject('FLOW_NOT_FOUND', `There is no flow ${flow} in this workspace.`, {
    fix: 'Check the slug, or publish the flow first.',
  });
}

export function stepUnknown(key: string, { flow }: PinnedFlow): Decline {
  const meant = closestWord(
    key,
    flow.definition.steps.map(step => step.key),
  );
  return reject('INVALID_PARAMETER', `The flow ${flow.slug} has no step \`${key}\`.`, {
    fix: meant === undefined ? 'Name one of the flow’s steps, or leave it out.' : `Did you mean \`${meant}\`?`,
    details: [{ path: 'onlyStep', message: `There is no step \`${key}\`.` }],
  });
}

/** Why no further run starts today; undefined while there is room. */
export function dailyLimitReached({ cap, used = 0, resetsAt }: DailyRuns): Decline | undefined {
  if (cap === undefined || used < cap) return undefined;
  return reject('DAILY_RUN_LIMIT', `All ${cap} runs of today are used; the next day begins at ${resetsAt}.`, {
    fix: 'Start it again after that, or put the workspace on a larger plan.',
    details: [
      { path: 'cap', message: String(cap) },
      { path: 'used', message: String(used) },
      { path: 'resetsAt', message: resetsAt },
    ],
  });
}

export function repositoryUnknown(repository: string): Decline {
  return reject('PREFLIGHT_FAILED', `No sandbox profile of this workspace clones the repository ${repository}.`, {
    fix: 'Publish a profile that clones it, or choose a profile.',
    details: [{ path: 'parameters.repositoryId', message: `No profile clones ${repository}.` }],
  });
}

export function profileRequired(tried: readonly string[]): Decline {
  const [first] = tried;
  if (first === undefined) {
    return reject('PROFILE_REQUIRED', 'No sandbox profile was chosen and the flow has no default.', {
      fix: 'Choose a profile, or give the flow a default (`defaults: { profile: … }`).',
      details: [{ path: 'choices.profile', message: 'A run needs a sandbox profile.' }],
    });
  }
  const names = tried.join(', ');
  return reject('PROFILE_REQUIRED', `This workspace has no sandbox profile ${names}.`, {
    fix: `Publish the profile ${first}, or choose one that exists.`,
    details: [{ path: 'choices.profile', message: `There is no profile ${names}.` }],
  });
}

export function providersMissing(providers: readonly string[]): Decline {
  return reject('PROVIDER_NOT_CONNECTED', `The flow uses ${providers.join(', ')}, which is not connected here.`, {
    fix: 'Connect an integration of the provider’s kind, or use another provider.',
    details: providers.map(path => ({ path, message: 'This provider is not connected.' })),
  });
}

function parameterDecline(details: readonly Problem[], missing: boolean): Decline {
  const [first] = details;
  const message = details.length === 1 && first ? first.message : `${details.length} parameters are missing or wrong.`;
  const fix = details.length === 1 ? first?.fix : undefined;
  return reject(missing ? 'MISSING_PARAMETER' : 'INVALID_PARAMETER', message, {
    fix: fix ?? 'Put right what the details name.',
    details,
  });
}

function parameterProblem({ path, message, missing }: PointedError): Problem {
  const name = shortened(path.join('.'), MAX_NAME);
  const place = ['parameters', ...(name === '' ? [] : [name])].join('.');
  const said = name === '' ? `The parameters: ${message}.` : `Parameter \`${name}\` ${message}.`;
  return { path: place, message: said, fix: missing ? `Give \`${name}\` a value.` : `Correct \`${name || 'them'}\`.` };
}

/** In this order: what is too deep or too large is not gone through any further. */
function sizeProblems(parameters: Readonly<Record<string, Json>>, subject: StartRequest['subject']): Problem[] {
  const deep = [...tooDeep('parameters', parameters), ...tooDeep('subject', subject)];
  if (deep.length > 0) return deep;
  const large = [
    ...tooLarge('parameters', jsonBytes(parameters), MAX_PARAMETER_BYTES),
    ...tooLarge('subject', subject === undefined ? 0 : jsonBytes(subject), MAX_SUBJECT_BYTES),
  ];
  return large.length > 0 ? large : unstorable({ parameters, subject });
}

function unstorable(asked: Pick<StartRequest, 'parameters' | 'subject'>): Problem[] {
  const paths = unstorableTexts(asked).slice(0, MAX_TOLD);
  return paths
    .map(path => shortened(path.map(String).join('.'), MAX_NAME))
    .map(path => ({ path, message: `\`${path}\` holds a NUL character or half a surrogate pair.` }));
}

function tooDeep(path: string, value: unknown): Problem[] {
  if (!isDeeperThan(value, MAX_LEVELS)) return [];
  return [{ path, message: `\`${path}\` is nested more than ${MAX_LEVELS} levels deep.` }];
}

function tooLarge(path: string, bytes: number, most: number): Problem[] {
  return bytes <= most ? [] : [{ path, message: `\`${path}\` has ${bytes} bytes; at most ${most} are taken.` }];
}
