import type { InputOf, OutputOf, ProfileDefinition, PublishSandboxProfile, RefusalOf } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { idOf, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { isWithin, resolvedSource } from '../driver/mount-sources.js';
import { profile } from './profile.decider.js';

type Outcome = CommandOutcome<OutputOf<typeof PublishSandboxProfile>, RefusalOf<typeof PublishSandboxProfile>>;

export interface ProfilePolicy {
  readonly isolations: readonly ProfileDefinition['isolation'][];
  /** Absolute directories below which profiles may mount. */
  readonly mountSources: readonly string[];
}

/** The sandbox profiles of all workspaces: publishing them, and finding the newest version. */
export class PublishedProfiles {
  constructor(
    private readonly commands: CommandHandler,
    private readonly policy: ProfilePolicy,
  ) {}

  /** Answers PublishSandboxProfile. */
  async publish({ definition }: InputOf<typeof PublishSandboxProfile>, context: CommandContext): Promise<Outcome> {
    const profileId = idOf('prof', definition.slug);
    const accepted = await this.commands.handle(
      profile,
      streamOf('profile', profileId),
      {
        type: 'PublishProfileVersion',
        data: {
          profileId,
          slug: definition.slug,
          definition,
          publishedBy: context.actor,
          publishedAt: context.occurredAt,
        },
        policy: {
          isolations: this.policy.isolations,
          forbiddenMounts: this.#forbiddenMounts(definition),
        },
      },
      context,
    );
    if (accepted.status === 'refused') return accepted;
    // One event per version, from revision 0: also when the version existed, or this very command was sent before.
    return {
      status: 'accepted',
      output: {
        profileId,
        slug: definition.slug,
        version: accepted.revision + 1,
        created: accepted.events.length > 0,
      },
      position: accepted.position,
    };
  }

  /** The newest version; undefined when none was ever published under this slug. */
  async find(
    workspaceId: string,
    slug: string,
  ): Promise<{ readonly version: number; readonly definition: ProfileDefinition } | undefined> {
    const name = streamOf('profile', idOf('prof', slug));
    const { state } = await this.commands.load(profile, { tenant: workspaceId, name });
    return state.status === 'published' ? { version: state.version, definition: state.definition } : undefined;
  }

  /** Links are resolved first: a link below an allowed directory must not lead out of it (S1). */
  #forbiddenMounts({ mounts }: ProfileDefinition): string[] {
    const allowed = this.policy.mountSources.map(resolvedSource);
    return mounts
      .map(mount => mount.source)
      .filter(source => !allowed.some(directory => isWithin(resolvedSource(source), directory)));
  }
}
