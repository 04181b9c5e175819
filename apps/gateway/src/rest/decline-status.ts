import type { RefusalOf, StartRun } from '@runledger/contracts';

/** The HTTP status of a start that was declined. */
export function declineStatus(code: RefusalOf<typeof StartRun>): number {
  switch (code) {
    case 'IDEMPOTENCY_KEY_REUSED':
    case 'ALREADY_RUNNING':
      return 409;
    case 'FORBIDDEN':
      return 403;
    case 'DAILY_RUN_LIMIT':
      return 429;
    case 'PLATFORM_STARTING':
      return 503;
    case 'FLOW_NOT_FOUND':
    case 'MISSING_PARAMETER':
    case 'INVALID_PARAMETER':
    case 'PROFILE_REQUIRED':
    case 'PROVIDER_NOT_CONNECTED':
    case 'SKILL_UNAVAILABLE':
    case 'PREFLIGHT_FAILED':
    case 'BUDGET_EXHAUSTED':
      return 422;
  }
}
