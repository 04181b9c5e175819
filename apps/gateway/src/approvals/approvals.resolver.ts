import { AnswerQuestion, Decide, type GrantReach, type PersonDecision } from '@runledger/contracts';
import type { CommandOutcome } from '@runledger/platform';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { pageAsked, type PageArgs } from '../graph/connection.js';
import { CallerOf, callerOf, type GraphContext } from '../graph/graph-context.js';
import { LoaderFactory } from '../graph/loaders.js';
import { refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { ReadModels } from '../reads/read-models.js';
import { RunReader } from '../runs/run-reader.js';
import { runOf, type ApprovalNode } from './approval-nodes.js';
import { ApprovalReader } from './approval-reader.js';

interface InboxFilter {
  readonly states?: readonly string[] | null;
  readonly kinds?: readonly string[] | null;
  readonly runId?: string | null;
  readonly everyones?: boolean | null;
}

interface InboxArgs extends PageArgs {
  readonly filter?: InboxFilter | null;
  readonly atLeast?: string | null;
}

interface AnswerArgs {
  readonly requestId: string;
  readonly answer: string;
}

interface DecisionInput {
  readonly requestId: string;
  readonly decision: PersonDecision;
  readonly comment?: string | null;
  readonly shownHash?: string | null;
  readonly grantPattern?: string | null;
  readonly grantExpiresAt?: string | null;
}

@Resolver('ApprovalRequest')
export class ApprovalsResolver {
  constructor(
    @Inject(ApprovalReader) private readonly reader: ApprovalReader,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  @Query('inbox')
  @Requires('flows.read')
  async inbox(@Args() args: InboxArgs, @CallerOf() caller: Caller, @Context() context: GraphContext) {
    await this.readModels.atLeast(args.atLeast, context);
    const { states, kinds, runId, everyones } = args.filter ?? {};
    return this.reader.page(caller, {
      states: states && states.length > 0 ? states : ['OPEN'],
      kinds: kinds && kinds.length > 0 ? kinds.map(kind => kind.toLowerCase()) : undefined,
      runId: runId ?? undefined,
      everyones: everyones === true,
      ...pageAsked(args, 50),
    });
  }

  @Mutation('decide')
  @Requires('flows.run')
  async decide(@Args('input') input: DecisionInput, @CallerOf() caller: Caller) {
    const { requestId, decision, comment, shownHash } = input;
    const grant = grantOf(input);
    const command = {
      requestId,
      decision,
      ...(comment != null && comment !== '' && { comment }),
      ...(shownHash != null && { shownHash }),
      ...(grant !== undefined && { grant }),
      ...(caller.email !== undefined && { email: caller.email }),
    };
    return this.#answer(requestId, caller, await this.desk.send(Decide, command, caller, runOf(requestId)));
  }

  @Mutation('answerQuestion')
  @Requires('flows.run')
  async answerQuestion(@Args() { requestId, answer }: AnswerArgs, @CallerOf() caller: Caller) {
    const command = { requestId, answer, ...(caller.email !== undefined && { email: caller.email }) };
    return this.#answer(requestId, caller, await this.desk.send(AnswerQuestion, command, caller, runOf(requestId)));
  }

  async #answer(requestId: string, caller: Caller, outcome: CommandOutcome<unknown, string>) {
    if (outcome.status === 'refused') {
      const request = await this.reader.find(caller, requestId);
      return { ...refusalNode('DecisionRefused', outcome.refusal), request: request ?? null };
    }
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['approvals', 'runs']);
    return this.reader.find(caller, requestId);
  }
}

@Resolver('ApprovalRequest')
export class ApprovalFieldsResolver {
  constructor(
    @Inject(RunReader) private readonly runs: RunReader,
    @Inject(LoaderFactory) private readonly loaders: LoaderFactory,
  ) {}

  @ResolveField('run')
  async run(@Parent() { runId, askedAt }: ApprovalNode, @Context() context: GraphContext) {
    const found = await this.loaders.of(context).run.load(runId);
    return this.runs.referred({ workspaceId: callerOf(context).workspaceId, runId }, BigInt(askedAt), found);
  }
}

function grantOf({ grantPattern, grantExpiresAt }: DecisionInput): GrantReach | undefined {
  if (grantPattern == null && grantExpiresAt == null) return undefined;
  return {
    ...(grantPattern != null && { pattern: grantPattern }),
    ...(grantExpiresAt != null && { expiresAt: grantExpiresAt }),
  };
}
