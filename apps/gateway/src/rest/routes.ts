import { DecisionRoutes } from '../notifications/decision-routes.js';
import { SlackRoutes } from '../notifications/slack-routes.js';
import { CostRoutes } from '../costs/cost-routes.js';
import { FlowSchemaRoutes } from '../flows/flow-schema-routes.js';
import { McpRoutes } from '../mcp/mcp-routes.js';
import { TriggerRoutes } from './trigger-routes.js';
import { HookRoutes } from './hook-routes.js';
import { SteeringRoutes } from './steering-routes.js';
import { AuditRoutes } from '../audit/audit-routes.js';
import { EventRoutes } from '../events/event-routes.js';
import { ArtifactRoutes } from './artifact-routes.js';
import { ArtifactZipRoutes } from './artifact-zip-routes.js';
import { OutputRoutes } from './output-routes.js';

/** Every route beside GraphQL and the pages for people. */
export const ROUTES = [
  FlowSchemaRoutes,
  TriggerRoutes,
  HookRoutes,
  SlackRoutes,
  DecisionRoutes,
  McpRoutes,
  SteeringRoutes,
  AuditRoutes,
  CostRoutes,
  EventRoutes,
  ArtifactRoutes,
  ArtifactZipRoutes,
  OutputRoutes,
];
