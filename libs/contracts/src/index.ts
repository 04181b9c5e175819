export * from './agent-asks.events.js';
export {
  builtInTool,
  DANGEROUS_TOOLS,
  meansTool,
  OUTSIDE_TOOLS,
  toolsThatAsk,
  type BuiltInTool,
} from './agent-permissions.js';
export * from './agent-session.events.js';
export * from './approval.commands.js';
export * from './approval.events.js';
export * from './approval.notifications.commands.js';
export * from './approval.notifications.events.js';
export * from './audit.commands.js';
export * from './audit.events.js';
export * from './billing.budgets.commands.js';
export * from './billing.budgets.events.js';
export * from './billing.commands.js';
export * from './billing.events.js';
export * from './block-cause.js';
export * from './catalogue.js';
export * from './command-callers.js';
export * from './define-command.js';
export { jsonSchemaOf } from './event-json-schema.js';
export * from './flow-definition.js';
export * from './flow-document/durations.js';
export * from './flow-document/flow-document.js';
export * from './flow-document/flow-schema.js';
export * from './flow-document/function-document.js';
export * from './flow-document/gate-document.js';
export * from './flow-document/outcome-document.js';
export * from './flow-document/step-document.js';
export * from './gate-definition.js';
export * from './gate-evidence.js';
export * from './gateway.events.js';
export * from './gateway.webhook.events.js';
export * from './grant-cover.js';
export * from './grant.events.js';
export * from './integration-book.js';
export * from './integration-kinds.js';
export * from './mcp-servers.js';
export * from './nesting.js';
export * from './orchestrator.commands.js';
export * from './orchestrator.events.js';
export * from './orchestrator.needs.events.js';
export * from './preflight.commands.js';
export * from './orchestrator.environment.commands.js';
export * from './orchestrator.environment.events.js';
export * from './orchestrator.event-trigger.commands.js';
export * from './orchestrator.event-trigger.events.js';
export * from './orchestrator.schedule.commands.js';
export * from './orchestrator.schedule.events.js';
export * from './profile-definition.js';
export * from './run-lifecycle.js';
export * from './recorded-usage.js';
export * from './sandbox.commands.js';
export * from './sandbox.events.js';
export * from './sandbox.integrations.commands.js';
export * from './sandbox.integrations.events.js';
export * from './orchestrator.skills.events.js';
export * from './skill-definition.js';
export * from './start-declines.js';
export * from './step-function.js';
export * from './stream-owners.js';
export * from './tool-detail.js';
export * from './values.js';
export * from './workspace-files.events.js';
