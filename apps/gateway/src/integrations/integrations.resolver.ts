import {
  ConnectIntegration,
  DisconnectIntegration,
  INTEGRATION_KINDS,
  integrationKind,
  integrationName,
} from '@runledger/contracts';
import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf, type GraphContext } from '../graph/graph-context.js';
import { actorNode, refusalNode } from '../graph/nodes.js';
import { CommandDesk } from '../reads/command-desk.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { ReadModels } from '../reads/read-models.js';
import { IntegrationRow } from './integrations.entity.js';
import type { IntegrationView } from './integrations.projection.js';

const particulars = z.object({
  name: integrationName,
  kind: integrationKind,
  fields: z.record(z.string().max(100), z.string().max(20_000)),
});

@Resolver('Integration')
export class IntegrationsResolver {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  @Query('integrations')
  @Requires('flows.read')
  async integrations(
    @Args('atLeast') atLeast: string | undefined,
    @CallerOf() { workspaceId }: Caller,
    @Context() context: GraphContext,
  ) {
    await this.readModels.atLeast(atLeast, context);
    const rows = this.rows.getRepository(IntegrationRow);
    const found = await rows.find({ where: { workspaceId }, order: { name: 'ASC' } });
    return found.map(row => integrationNode(row.view));
  }

  @Query('integrationKinds')
  @Requires('flows.read')
  async integrationKinds(@Args('atLeast') atLeast: string | undefined, @Context() context: GraphContext) {
    await this.readModels.atLeast(atLeast, context);
    return integrationKind.options.map(kind => {
      const { description, fields } = INTEGRATION_KINDS[kind];
      return { kind, description, fields: [...fields] };
    });
  }

  @Mutation('connectIntegration')
  @Requires('workspace.admin')
  async connectIntegration(@Args('input') input: unknown, @CallerOf() caller: Caller) {
    const given = particulars.safeParse(input);
    if (!given.success) return unfit(given.error.issues);
    const outcome = await this.desk.send(ConnectIntegration, given.data, caller);
    if (outcome.status === 'refused') return refusalNode('IntegrationRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['integrations']);
    const { workspaceId } = caller;
    const { name } = outcome.output;
    const row = await this.rows.getRepository(IntegrationRow).findOneByOrFail({ workspaceId, name });
    return integrationNode(row.view);
  }

  @Mutation('disconnectIntegration')
  @Requires('workspace.admin')
  async disconnectIntegration(@Args('name') name: string, @CallerOf() caller: Caller) {
    const outcome = await this.desk.send(DisconnectIntegration, { name }, caller);
    if (outcome.status === 'refused') return refusalNode('IntegrationRefused', outcome.refusal);
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['integrations']);
    return { __typename: 'DisconnectedIntegration' as const, name };
  }
}

function integrationNode({ connected, failure }: IntegrationView) {
  const { name, kind, settings, secrets, by, connectedAt } = connected;
  const fields = [
    ...Object.entries(settings).map(([field, value]) => ({ name: field, secret: false, value })),
    ...secrets.map(field => ({ name: field, secret: true, value: null })),
  ];
  return {
    __typename: 'Integration' as const,
    ...{ id: name, name, kind, fields, connectedAt },
    state: failure ? 'FAILING' : 'CONNECTED',
    lastError: failure ?? null,
    connectedBy: actorNode(by),
  };
}

/** Says where, and never what: the values may be secrets. */
function unfit(issues: readonly { readonly path: readonly PropertyKey[] }[]) {
  return refusalNode('IntegrationRefused', {
    rejected: 'INVALID_INTEGRATION',
    message: 'These are not the particulars of an integration.',
    fix: `Give a name of letters, digits, dashes and underscores, one of the kinds ${integrationKind.options.join(', ')}, and fields that are texts.`,
    details: issues.map(({ path }) => ({
      path: path.map(String).join('.'),
      message: 'It does not look as it should.',
    })),
  });
}
