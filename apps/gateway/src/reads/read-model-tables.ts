import { MemberRow, TokenRow, WorkspaceRow } from '../access/access.entity.js';
import { ApprovalRow } from '../approvals/approvals.entity.js';
import { ArtifactRow } from '../artifacts/artifacts.entity.js';
import { AutoResolutionRow } from '../auto-resolutions/auto-resolutions.entity.js';
import { BudgetLedgerRow, BudgetRow } from '../budgets/budgets.entity.js';
import { CloudSessionRow } from '../cloud-sessions/cloud-sessions.entity.js';
import { EventTriggerRow } from '../event-triggers/event-triggers.entity.js';
import { FlowRow, FlowVersionRow } from '../flows/flows.entity.js';
import { GrantRow } from '../grants/grants.entity.js';
import { ExpiredFileRow, SnapshotRow } from '../kept-files/kept-files.entity.js';
import { IntegrationRow } from '../integrations/integrations.entity.js';
import { NotificationChannelRow, NotificationRow } from '../notifications/notifications.entity.js';
import { RunUsageRow } from '../preflight/run-usage.entity.js';
import { ProfileRow } from '../profiles/profiles.entity.js';
import { RunNumberRow, RunRow, RunStepRow } from '../runs/runs.entity.js';
import { ScheduleRow } from '../schedules/schedules.entity.js';
import { SkillRow } from '../skills/skills.entity.js';
import { TranscriptEntryRow, TranscriptPieceRow } from '../transcript/transcript.entity.js';
import { WebhookRow } from '../webhooks/webhooks.entity.js';
import { ReadModels1760000000001 } from './migrations/0001-read-models.js';
import { RunLineage1763700000002 } from './migrations/0002-run-lineage.js';
import { People1763700000003 } from './migrations/0003-people.js';
import { UsageAndTasks1763700000005 } from './migrations/0005-usage-and-tasks.js';
import { RunSteps1763700000007 } from './migrations/0007-run-steps.js';
import { WebhookLimits1763700000008 } from './migrations/0008-webhook-limits.js';
import { KeptFiles1763700000010 } from './migrations/0010-kept-files.js';
import { Search1763700000019 } from './migrations/0019-search.js';
import { RunNumberCollation1763700000017 } from './migrations/0017-run-number-collation.js';
import { HourLongCacheWrites1763700000022 } from './migrations/0022-hour-long-cache-writes.js';
import { Notifications1763700000023 } from './migrations/0023-notifications.js';
import { EventTriggers1763700000027 } from './migrations/0027-event-triggers.js';
import { MembersByEmail1763700000016 } from './migrations/0016-members-by-email.js';
import { BudgetsAndCosts1763700000013 } from './migrations/0013-budgets-and-costs.js';
import { TranscriptEndings1763700000015 } from './migrations/0015-transcript-endings.js';
import { SchedulesAndWebhooks1763700000004 } from './migrations/0004-schedules-and-webhooks.js';
import { Integrations1763700000012 } from './migrations/0012-integrations.js';
import { CloudSessions1763700000029 } from './migrations/0029-cloud-sessions.js';
import { SearchCalls1763700000031 } from './migrations/0031-search-calls.js';
import { SearchPieces1763700000030 } from './migrations/0030-search-pieces.js';
import { Skills1763700000006 } from './migrations/0006-skills.js';

/** What the gateway's schema holds. */
export const entities = [
  WorkspaceRow,
  MemberRow,
  TokenRow,
  FlowRow,
  FlowVersionRow,
  ProfileRow,
  SkillRow,
  RunRow,
  RunNumberRow,
  RunStepRow,
  AutoResolutionRow,
  RunUsageRow,
  ApprovalRow,
  GrantRow,
  BudgetRow,
  BudgetLedgerRow,
  ArtifactRow,
  SnapshotRow,
  ExpiredFileRow,
  ScheduleRow,
  WebhookRow,
  EventTriggerRow,
  IntegrationRow,
  CloudSessionRow,
  NotificationChannelRow,
  NotificationRow,
  TranscriptEntryRow,
  TranscriptPieceRow,
];

/** How it came to be, oldest first. */
export const migrations = [
  ReadModels1760000000001,
  RunLineage1763700000002,
  People1763700000003,
  SchedulesAndWebhooks1763700000004,
  UsageAndTasks1763700000005,
  Skills1763700000006,
  RunSteps1763700000007,
  WebhookLimits1763700000008,
  KeptFiles1763700000010,
  Integrations1763700000012,
  BudgetsAndCosts1763700000013,
  TranscriptEndings1763700000015,
  MembersByEmail1763700000016,
  RunNumberCollation1763700000017,
  Search1763700000019,
  HourLongCacheWrites1763700000022,
  Notifications1763700000023,
  EventTriggers1763700000027,
  CloudSessions1763700000029,
  SearchPieces1763700000030,
  SearchCalls1763700000031,
];
