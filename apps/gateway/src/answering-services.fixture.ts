import {
  CancelRun,
  Decide,
  DescribeSandboxDrivers,
  ExportAudit,
  PublishFlow,
  PublishSandboxProfile,
  PublishSkill,
  RunCancelled,
  RunCancelRequested,
  SandboxProfilePublished,
  SkillVersionPublished,
  StartRun,
} from '@runledger/contracts';
import { newUuid, type CommandContext } from '@runledger/event-store';
import { reject, streamOf, type DomainEvent } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import type { TestGateway } from './gateway.fixture.js';
import { at, story } from './runs/run-story.fixture.js';

/** What the other services would write and answer, at the border between them and the gateway; and what they were asked. */
export class AnsweringServices {
  readonly contexts: CommandContext[] = [];
  readonly choices: object[] = [];
  readonly #runs = new Map<string, string>();
  readonly #commands: CommandRegistry;

  constructor(private readonly gateway: TestGateway) {
    this.#commands = gateway.app.get(CommandRegistry, { strict: false });
    this.#answerForRuns();
    this.#answerForCatalogues();
    this.#answerForSandboxes();
    this.#answerForAudit();
  }

  #answerForRuns(): void {
    const commands = this.#commands;
    commands.answer(StartRun, async (input, context) => {
      this.contexts.push(context);
      this.choices.push(input.choices);
      if (input.flow !== 'release') {
        const details = [{ path: 'flow', message: 'No such flow.' }];
        return {
          status: 'refused',
          refusal: reject('FLOW_NOT_FOUND', 'There is no flow nope.', { fix: 'Publish it.', details }),
        };
      }
      const key = input.idempotencyKey ?? newUuid();
      const known = this.#runs.get(key);
      if (known !== undefined)
        return { status: 'accepted', output: { runId: known, created: false }, position: undefined };
      const runId = `run_${newUuid()}`;
      this.#runs.set(key, runId);
      const by = { kind: 'member' as const, id: context.actor.id };
      const started = story(runId).started(context.occurredAt, by);
      const position = await this.#append(context, streamOf('run', runId), started, runId);
      return { status: 'accepted', output: { runId, created: true }, position };
    });
    commands.answer(CancelRun, async ({ runId }, context) => {
      this.contexts.push(context);
      const by = { kind: 'member' as const, id: context.actor.id };
      await this.#append(
        context,
        streamOf('run', runId),
        RunCancelRequested({ runId, mode: 'GRACEFUL', by, requestedAt: at(30) }),
      );
      const position = await this.#append(
        context,
        streamOf('run', runId),
        RunCancelled({ runId, by, cancelledAt: at(31) }),
      );
      return { status: 'accepted', output: { runId }, position };
    });
    commands.answer(Decide, async (input, context) => {
      this.contexts.push(context);
      const runId = context.correlationId;
      if (input.shownHash === 'stale')
        return { status: 'refused', refusal: reject('SHOWN_CHANGED', 'It shows something else now.') };
      const position = await this.#append(context, streamOf('approval', input.requestId), story(runId).decided());
      return {
        status: 'accepted',
        output: { requestId: input.requestId, runId, decision: input.decision, votes: 1, needed: 1 },
        position,
      };
    });
  }

  #answerForCatalogues(): void {
    const commands = this.#commands;
    commands.answer(PublishFlow, () => {
      const details = [{ path: 'steps.0.run', message: 'is empty', line: 4, column: 3, fix: 'Write a script.' }];
      return Promise.resolve({ status: 'refused', refusal: reject('INVALID_FLOW', 'One problem.', { details }) });
    });
    commands.answer(PublishSkill, async ({ definition }, context) => {
      const { slug } = definition;
      const published = { skillId: `skill_${slug}`, slug, version: 1, hash: 'cafe' };
      const publishedBy = { kind: 'member' as const, id: context.actor.id };
      const event = SkillVersionPublished({ ...published, definition, publishedBy, publishedAt: at(0) });
      const position = await this.#append(context, `skill-${slug}`, event);
      return { status: 'accepted', output: { ...published, created: true }, position };
    });
  }

  #answerForSandboxes(): void {
    const commands = this.#commands;
    commands.answer(DescribeSandboxDrivers, () => {
      const strong = { memory: 'hard', pids: 'hard', cpu: 'hard', tmpBytes: 'hard', network: 'hard' } as const;
      const limits = { ...strong, workspaceBytes: 'soft', processTree: 'soft' } as const;
      const docker = { name: 'docker', isolation: 'docker', state: 'UNAVAILABLE', limits, freeze: false } as const;
      const drivers = [{ ...docker, problem: 'No Docker Engine answers.' }];
      return Promise.resolve({ status: 'accepted', output: { drivers }, position: undefined });
    });
    commands.answer(PublishSandboxProfile, async ({ definition }, context) => {
      const { slug } = definition;
      const publishedBy = { kind: 'member' as const, id: context.actor.id };
      const event = SandboxProfilePublished({
        profileId: `prof_${slug}`,
        slug,
        version: 1,
        definition,
        publishedBy,
        publishedAt: at(0),
      });
      const position = await this.#append(context, `profile-${slug}`, event);
      return { status: 'accepted', output: { profileId: `prof_${slug}`, slug, version: 1, created: true }, position };
    });
  }

  #answerForAudit(): void {
    const commands = this.#commands;
    commands.answer(ExportAudit, ({ runId, cursor }) => {
      if (runId === 'run_gone')
        return Promise.resolve({ status: 'refused', refusal: reject('RUN_NOT_FOUND', 'No such run.') });
      const page = Number(cursor ?? 0);
      const lines = [`{"line":${page * 2}}`, `{"line":${page * 2 + 1}}`];
      const output = page < 2 ? { lines, next: String(page + 1) } : { lines };
      return Promise.resolve({ status: 'accepted', output, position: undefined });
    });
  }

  async #append(
    context: CommandContext,
    stream: string,
    event: DomainEvent,
    correlationId = context.correlationId,
  ): Promise<bigint> {
    const { actor, workspaceId, occurredAt, commandId } = context;
    const metadata = { correlationId, causationId: commandId, actor, workspaceId, occurredAt, schemaVersion: 1 };
    const outcome = await this.gateway.store.append(
      { tenant: workspaceId, name: stream },
      [{ id: newUuid(), ...event, metadata }],
      'any',
    );
    if (outcome.status !== 'appended') throw new TypeError(outcome.status);
    return outcome.position;
  }
}
