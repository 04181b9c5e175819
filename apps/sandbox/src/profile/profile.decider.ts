import { profileEvents, SandboxProfilePublished } from '@runledger/contracts';
import type { ProfileDefinition, ProfileEvent } from '@runledger/contracts';
import { canonicalJson, reject } from '@runledger/kernel';
import type { Decider, Problem, Rejection } from '@runledger/kernel';
import { profileProblems } from './profile-rules.js';

type PublishedData = ReturnType<typeof SandboxProfilePublished>['data'];

/** What the operator permits on the machines of this service. */
export interface OperatorPolicy {
  /** What the drivers of this installation give. */
  readonly isolations: readonly ProfileDefinition['isolation'][];
  /** Mounts whose source does not lie below an allowed directory; worked out beforehand, as it means looking at the disk. */
  readonly forbiddenMounts: readonly string[];
}

export interface PublishProfileVersion {
  readonly type: 'PublishProfileVersion';
  readonly data: Omit<PublishedData, 'version'>;
  readonly policy: OperatorPolicy;
}

/** The newest version of a profile. Versions are immutable: publishing something else makes another one. */
export type Profile =
  | { readonly status: 'absent' }
  | { readonly status: 'published'; readonly version: number; readonly definition: ProfileDefinition };

export type ProfileRefusal = Rejection<'INVALID_PROFILE' | 'MOUNT_NOT_ALLOWED' | 'ISOLATION_NOT_ALLOWED'>;

export const profile: Decider<PublishProfileVersion, Profile, ProfileEvent, ProfileRefusal> = {
  category: 'profile',
  events: profileEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (_state, event) => {
    switch (event.type) {
      case 'SandboxProfilePublished':
        return { status: 'published', version: event.data.version, definition: event.data.definition };
    }
  },
  decide: ({ data, policy }, state) => {
    const refusal = refusalOf(data.definition, policy);
    if (refusal) return refusal;
    if (state.status === 'published' && canonicalJson(state.definition) === canonicalJson(data.definition)) return [];
    const version = state.status === 'absent' ? 1 : state.version + 1;
    return [SandboxProfilePublished({ ...data, version })];
  },
};

function refusalOf(definition: ProfileDefinition, policy: OperatorPolicy): ProfileRefusal | undefined {
  const problems = profileProblems(definition);
  if (problems.length > 0)
    return reject('INVALID_PROFILE', sentence(problems), {
      fix: 'Mend each place that the details name.',
      details: problems,
    });
  if (!policy.isolations.includes(definition.isolation)) return notGiven(definition.isolation, policy);
  if (policy.forbiddenMounts.length > 0) {
    return reject('MOUNT_NOT_ALLOWED', `The operator allows no mount from ${policy.forbiddenMounts.join(', ')}.`, {
      fix: 'Mount from a directory that the operator lists in SANDBOX_MOUNT_SOURCES.',
    });
  }
  return undefined;
}

function notGiven(isolation: ProfileDefinition['isolation'], { isolations }: OperatorPolicy): ProfileRefusal {
  const message =
    isolation === 'none'
      ? 'The operator does not allow work without isolation on this installation.'
      : `This installation has no ${isolation} driver.`;
  const others = isolations.filter(each => each !== 'none').join(' or ');
  const fix = `Set isolation to ${others}, or ask the operator to set ${SETTING_OF[isolation]}.`;
  return reject('ISOLATION_NOT_ALLOWED', message, { fix });
}

const SETTING_OF: Readonly<Record<ProfileDefinition['isolation'], string>> = {
  bubblewrap: 'the service up on Linux with bubblewrap',
  docker: 'RUNLEDGER_DOCKER_HOST',
  kubernetes: 'RUNLEDGER_KUBERNETES_NAMESPACE',
  none: 'RUNLEDGER_ALLOW_PROCESS_ISOLATION=yes',
};

function sentence(problems: readonly Problem[]): string {
  return problems.length === 1 ? 'The profile has a problem.' : `The profile has ${problems.length} problems.`;
}
