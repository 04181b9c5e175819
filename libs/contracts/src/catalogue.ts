import { EventCatalogue } from '@runledger/kernel';
import { approvalEvents } from './approval.events.js';
import { channelEvents, noticeEvents } from './approval.notifications.events.js';
import { auditEvents } from './audit.events.js';
import { allowanceEvents, chargeEvents, planEvents, rateCardEvents } from './billing.events.js';
import { budgetEvents } from './billing.budgets.events.js';
import { grantEvents } from './grant.events.js';
import { memberEvents, tokenEvents, workspaceEvents } from './gateway.events.js';
import { webhookEvents } from './gateway.webhook.events.js';
import { needsEvents } from './orchestrator.needs.events.js';
import { environmentEvents } from './orchestrator.environment.events.js';
import { flowEvents, queueEvents, runEvents } from './orchestrator.events.js';
import { skillEvents } from './orchestrator.skills.events.js';
import { eventTriggerEvents } from './orchestrator.event-trigger.events.js';
import { scheduleEvents } from './orchestrator.schedule.events.js';
import { attemptEvents, profileEvents } from './sandbox.events.js';
import { keptFilesEvents } from './workspace-files.events.js';
import { integrationEvents } from './sandbox.integrations.events.js';

/** Every event type of the platform by the stream category that holds it. */
export const eventsByCategory = {
  flow: flowEvents,
  skill: skillEvents,
  run: runEvents,
  queue: queueEvents,
  schedule: scheduleEvents,
  trigger: eventTriggerEvents,
  needs: needsEvents,
  environment: environmentEvents,
  profile: profileEvents,
  attempt: attemptEvents,
  files: keptFilesEvents,
  integration: integrationEvents,
  approval: approvalEvents,
  grants: grantEvents,
  channels: channelEvents,
  notice: noticeEvents,
  ratecard: rateCardEvents,
  plan: planEvents,
  allowance: allowanceEvents,
  budget: budgetEvents,
  charges: chargeEvents,
  workspace: workspaceEvents,
  member: memberEvents,
  token: tokenEvents,
  webhook: webhookEvents,
  audit: auditEvents,
} as const;

export const catalogue = new EventCatalogue(Object.values(eventsByCategory).flat());
