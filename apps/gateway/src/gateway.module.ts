import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { GraphQLModule } from '@nestjs/graphql';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { OperationsModule } from '@runledger/platform';
import { AccessDesk } from './access/access-desk.js';
import { AccessGuard } from './access/access-guard.js';
import { AccessReader } from './access/access-reader.js';
import { AccessResolver } from './access/access.resolver.js';
import { Authority } from './access/authority.js';
import { erasure } from './access/erasure.js';
import { TokenWatch } from './access/token-watch.js';
import { ApprovalReader } from './approvals/approval-reader.js';
import { ApprovalFieldsResolver, ApprovalsResolver } from './approvals/approvals.resolver.js';
import { AuditResolver } from './audit/audit.resolver.js';
import { InboxResolver } from './approvals/inbox.resolver.js';
import { IdentityProvider } from './access/identity-provider.js';
import { HttpEdge } from './edge/http-edge.js';
import { RateLimits } from './edge/rate-limits.js';
import { EventTriggersResolver } from './event-triggers/event-triggers.resolver.js';
import { McpAnswers } from './mcp/mcp-answers.js';
import { EventsResolver } from './events/events.resolver.js';
import { LogReader } from './events/log-reader.js';
import { CatalogueRoutes } from './explorer/catalogue-routes.js';
import { ConsoleRoutes } from './explorer/console-routes.js';
import { ExplorerRoutes } from './explorer/explorer-routes.js';
import { FlowReader } from './flows/flow-reader.js';
import { FlowDiffResolver } from './flows/flow-diff.resolver.js';
import { FlowVersionsResolver, FlowsResolver } from './flows/flows.resolver.js';
import { GATEWAY_OPTIONS, type GatewayOptions } from './gateway.config.js';
import { GrantsResolver } from './grants/grants.resolver.js';
import { graphqlOptions } from './graph/graphql-options.js';
import { LoaderFactory } from './graph/loaders.js';
import { CursorSigner } from './graph/signed-cursor.js';
import { OperationObserver } from './graph/operation-observer.js';
import { SocketOperations } from './graph/socket-operations.js';
import { Sockets } from './graph/sockets.js';
import { ArtifactExpiryResolver, RunFilesResolver, StepFilesResolver } from './kept-files/kept-files.resolver.js';
import { MONEY_READERS, MONEY_RESOLVERS } from './costs/money-parts.js';
import { NOTIFICATION_PARTS } from './notifications/notification-parts.js';
import { NotificationsResolver } from './notifications/notifications.resolver.js';
import { ParkedEventsResolver } from './parked-events/parked-events.resolver.js';
import { ProfilesResolver } from './profiles/profiles.resolver.js';
import { CommandDesk } from './reads/command-desk.js';
import { ReadModelLifecycle } from './reads/read-model-lifecycle.js';
import { projectionHost, readModelRows } from './reads/read-model-providers.js';
import { ReadModels } from './reads/read-models.js';
import { CloudSessionsResolver } from './cloud-sessions/cloud-sessions.resolver.js';
import { IntegrationsResolver } from './integrations/integrations.resolver.js';
import { RestErrors } from './rest/rest-errors.js';
import { ROUTES } from './rest/routes.js';
import { InheritanceResolver, LineageResolver } from './runs/lineage.resolver.js';
import { PreflightResolver } from './preflight/preflight.resolver.js';
import { UsageHistories } from './preflight/usage-history.js';
import { StoredOperations } from './stored-operations/stored-operations.js';
import { StoredOperationsEdge } from './stored-operations/stored-operations-edge.js';
import { TaskReader } from './tasks/task-reader.js';
import { TasksResolver } from './tasks/tasks.resolver.js';
import { RunDeclinedResolver, StartRunResolver } from './runs/start-run.resolver.js';
import { PastRuns } from './runs/past/past-runs.js';
import { RunDetailsReader, TodaysDetails } from './runs/run-details-reader.js';
import { RunChangesResolver } from './runs/run-changes.resolver.js';
import { RunReader } from './runs/run-reader.js';
import { StepReader } from './runs/step-reader.js';
import { RunFieldsResolver, RunsResolver } from './runs/runs.resolver.js';
import { TimelineResolver } from './runs/timeline.resolver.js';
import { EnvironmentsResolver } from './environments/environments.resolver.js';
import { SteeringDesk } from './runs/steering-desk.js';
import { SteeringResolver } from './runs/steering.resolver.js';
import { SearchReader } from './search/search-reader.js';
import { SearchResolver } from './search/search.resolver.js';
import { ScheduleReader } from './schedules/schedule-reader.js';
import { SchedulesResolver } from './schedules/schedules.resolver.js';
import { SkillsResolver } from './skills/skills.resolver.js';
import { TranscriptReader } from './transcript/transcript-reader.js';
import { TranscriptPast } from './transcript/transcript-past.js';
import { ToolEntryResolver, TranscriptResolver } from './transcript/transcript.resolver.js';
import { WebhookDeliveries } from './webhooks/webhook-deliveries.js';
import { WebhookDesk } from './webhooks/webhook-desk.js';
import { WebhookRate } from './webhooks/webhook-rate.js';
import { WebhookStore } from './webhooks/webhook-store.js';
import { WebhooksResolver } from './webhooks/webhooks.resolver.js';

export { AccessDesk, type Bootstrap } from './access/access-desk.js';
export { GATEWAY_OPTIONS, WEBHOOK_LIMITS, type GatewayOptions, type WebhookLimits } from './gateway.config.js';
export { gatewayAdapter } from './gateway-adapter.js';
export { PROJECTIONS } from './reads/projection-list.js';
export { readModelDatabase, readModelSource } from './reads/read-model-source.js';
export { ReadModels } from './reads/read-models.js';
export { replayRun, type ReplayOptions } from './runs/past/replay.js';

const RESOLVERS = [
  AccessResolver,
  FlowsResolver,
  FlowVersionsResolver,
  FlowDiffResolver,
  ProfilesResolver,
  SkillsResolver,
  RunsResolver,
  RunFieldsResolver,
  RunChangesResolver,
  TimelineResolver,
  EnvironmentsResolver,
  SteeringResolver,
  LineageResolver,
  InheritanceResolver,
  StartRunResolver,
  RunDeclinedResolver,
  PreflightResolver,
  ...MONEY_RESOLVERS,
  TasksResolver,
  ApprovalsResolver,
  ApprovalFieldsResolver,
  InboxResolver,
  GrantsResolver,
  EventsResolver,
  AuditResolver,
  TranscriptResolver,
  ToolEntryResolver,
  SearchResolver,
  RunFilesResolver,
  StepFilesResolver,
  ArtifactExpiryResolver,
  ParkedEventsResolver,
  SchedulesResolver,
  WebhooksResolver,
  EventTriggersResolver,
  IntegrationsResolver,
  CloudSessionsResolver,
  NotificationsResolver,
];

const READERS = [
  AccessReader,
  FlowReader,
  RunReader,
  StepReader,
  ApprovalReader,
  TranscriptReader,
  TranscriptPast,
  SearchReader,
  LogReader,
  LoaderFactory,
  PastRuns,
  TodaysDetails,
  RunDetailsReader,
  UsageHistories,
  TaskReader,
  ...MONEY_READERS,
  ScheduleReader,
  WebhookStore,
  WebhookRate,
  WebhookDesk,
  WebhookDeliveries,
  ...NOTIFICATION_PARTS,
];

/** The edge and the read side of the platform; takes the global `PlatformModule` for granted. */
@Module({})
export class GatewayModule {
  static register(options: GatewayOptions): DynamicModule {
    const pages = options.pages === false ? [] : [CatalogueRoutes, ConsoleRoutes, ExplorerRoutes];
    return {
      module: GatewayModule,
      imports: [
        GraphQLModule.forRoot<ApolloDriverConfig>(graphqlOptions(options)),
        OperationsModule.register({ metrics: options.metrics ?? { from: 'loopback' } }),
      ],
      controllers: [...ROUTES, ...pages],
      providers: [
        { provide: GATEWAY_OPTIONS, useValue: options },
        { provide: CursorSigner, useValue: new CursorSigner(options.pepper) },
        readModelRows(options),
        projectionHost(options),
        ReadModels,
        ReadModelLifecycle,
        IdentityProvider,
        Authority,
        TokenWatch,
        RateLimits,
        HttpEdge,
        AccessDesk,
        erasure(options),
        CommandDesk,
        McpAnswers,
        SteeringDesk,
        SocketOperations,
        storedOperations(options),
        StoredOperationsEdge,
        Sockets,
        OperationObserver,
        ...READERS,
        ...RESOLVERS,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: RestErrors },
      ],
      exports: [AccessDesk, ReadModels],
    };
  }
}

function storedOperations({ operations = { storedOnly: false, manifests: [] } }: GatewayOptions) {
  return { provide: StoredOperations, useFactory: () => StoredOperations.open(operations) };
}
