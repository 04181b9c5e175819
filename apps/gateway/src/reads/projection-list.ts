import type { Projection } from '@runledger/projections';
import { accessProjection } from '../access/access.projection.js';
import { approvalsProjection } from '../approvals/approvals.projection.js';
import { artifactsProjection } from '../artifacts/artifacts.projection.js';
import { budgetsProjection } from '../budgets/budgets.projection.js';
import { cloudSessionsProjection } from '../cloud-sessions/cloud-sessions.projection.js';
import { costsProjection } from '../costs/costs.projection.js';
import { eventTriggersProjection } from '../event-triggers/event-triggers.projection.js';
import { flowsProjection } from '../flows/flows.projection.js';
import { grantsProjection } from '../grants/grants.projection.js';
import { expiredFilesProjection, snapshotsProjection } from '../kept-files/kept-files.projection.js';
import { integrationsProjection } from '../integrations/integrations.projection.js';
import { notificationChannelsProjection, notificationsProjection } from '../notifications/notifications.projection.js';
import { runUsageProjection } from '../preflight/run-usage.projection.js';
import { profilesProjection } from '../profiles/profiles.projection.js';
import { runsProjection } from '../runs/runs.projection.js';
import { searchProjection } from '../search/search.projection.js';
import { schedulesProjection } from '../schedules/schedules.projection.js';
import { skillsProjection } from '../skills/skills.projection.js';
import { transcriptProjection } from '../transcript/transcript.projection.js';
import { webhooksProjection } from '../webhooks/webhooks.projection.js';

/** What is kept of the log for reading, in the order in which it is started. */
export const PROJECTIONS: readonly Projection[] = [
  accessProjection,
  flowsProjection,
  profilesProjection,
  skillsProjection,
  runsProjection,
  approvalsProjection,
  grantsProjection,
  artifactsProjection,
  snapshotsProjection,
  expiredFilesProjection,
  schedulesProjection,
  webhooksProjection,
  eventTriggersProjection,
  integrationsProjection,
  cloudSessionsProjection,
  notificationChannelsProjection,
  notificationsProjection,
  transcriptProjection,
  searchProjection,
  runUsageProjection,
  budgetsProjection,
  costsProjection,
];
