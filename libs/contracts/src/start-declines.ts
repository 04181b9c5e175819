import type { startDeclines } from './orchestrator.commands.js';

interface Meaning {
  /** When a start is declined so. */
  readonly when: string;
  /** What makes the same request succeed. */
  readonly fix: string;
}

/** What each decline of a start means, for the reference. */
export const startDeclineMeanings: Readonly<Record<(typeof startDeclines)[number], Meaning>> = {
  FLOW_NOT_FOUND: {
    when: 'The workspace has no such flow, or the flow has no such version.',
    fix: 'Check the slug, or publish the flow.',
  },
  MISSING_PARAMETER: {
    when: 'A parameter that the flow requires has no value. `details` name each.',
    fix: 'Give it a value.',
  },
  INVALID_PARAMETER: {
    when: 'A parameter does not fit the flow’s schema, is too large, nested too deep or too much to be checked, or `onlyStep` names no step.',
    fix: 'Correct what `details` name.',
  },
  PROFILE_REQUIRED: {
    when: 'No sandbox profile was chosen and the flow has none of its own, or the workspace has no such profile.',
    fix: 'Choose a profile, or publish it.',
  },
  PROVIDER_NOT_CONNECTED: {
    when: 'An agent uses a model provider for which this installation has no key.',
    fix: 'Configure the provider, or use another one.',
  },
  SKILL_UNAVAILABLE: { when: 'An agent uses a skill that the workspace has not.', fix: 'Publish the skill.' },
  PREFLIGHT_FAILED: {
    when: 'Something that the flow `requires` or a function that it calls is not there, or no profile clones the repository that `repositoryId` names.',
    fix: 'Set up what `details` name.',
  },
  ALREADY_RUNNING: {
    when: 'Another run with the same concurrency key has not ended, and the flow says `policy: SKIP`.',
    fix: 'Wait until that run has ended, or cancel it.',
  },
  DAILY_RUN_LIMIT: {
    when: 'The plan’s runs of the day are used. `details` say how many there are, and when there are new ones.',
    fix: 'Wait for the next day in UTC, or change the plan.',
  },
  BUDGET_EXHAUSTED: {
    when: 'A budget has nothing left. Kept for budgets; nothing declines so today.',
    fix: 'Raise the budget.',
  },
  PLATFORM_STARTING: {
    when: 'A service that has to be asked does not answer yet. May be sent again as it is (`retryable`).',
    fix: 'Try again in a few seconds, with the same idempotency key.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    when: 'The key has started a run with other particulars.',
    fix: 'Use a new key for a new request.',
  },
  FORBIDDEN: { when: 'Whoever asks may not start runs.', fix: 'Use a token with `flows.run`.' },
};
