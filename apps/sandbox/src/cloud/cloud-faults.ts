import { FAULT_FIXES, isForPeople } from '../agent/model-patience.js';
import type { ModelFault } from '../agent/model-fault.js';
import type { StepError } from '@runledger/contracts';

const TITLE = 'Cursor cloud';

/** A cloud agent cannot go on. Ends its attempt: blocked where people can put it right, else with an error. */
export class CloudFault extends Error {
  constructor(
    readonly outcome: 'BLOCKED' | 'ERROR',
    readonly reason: StepError,
  ) {
    super(reason.message);
    this.name = 'CloudFault';
  }
}

export function faultOfRequest(fault: ModelFault, needs: string): CloudFault {
  const fix = FAULT_FIXES[fault.code];
  const forPeople = isForPeople(fault.code);
  return new CloudFault(forPeople ? 'BLOCKED' : 'ERROR', {
    code: fault.code,
    message: `${TITLE}: ${fault.message}`,
    ...(fix !== undefined && { fix }),
    ...(forPeople && { needs }),
  });
}

export function agentGone(agentId: string): CloudFault {
  const message = `${TITLE} does not know the agent ${agentId} any more: what it had done is on its branch, if anywhere.`;
  return new CloudFault('ERROR', {
    code: 'AGENT_SESSION_LOST',
    message,
    fix: 'Look at its branch, then retry the step.',
  });
}

export function cannotAsk(): CloudFault {
  const message = `${TITLE} agents ask nobody before they act, and this step is to ask.`;
  const fix = 'Let the step run without asking (permissions: ALLOW), or use another provider.';
  return new CloudFault('BLOCKED', { code: 'ENVIRONMENT', message, fix });
}

/** What it means that a run has ended otherwise than well. */
export function faultOfEnd(status: string, said: string): CloudFault {
  const what = said === '' ? '' : ` It said: ${said.slice(0, 800)}`;
  switch (status) {
    case 'CANCELLED': {
      const message = `The run was cancelled at Cursor, not here.${what}`;
      return new CloudFault('ERROR', { code: 'CANCELLED', message, fix: 'Retry the step.' });
    }
    case 'EXPIRED': {
      const message = `The run expired at Cursor before it was done.${what}`;
      return new CloudFault('ERROR', { code: 'AGENT_SESSION_LOST', message, fix: 'Retry the step.' });
    }
    default:
      return new CloudFault('ERROR', { code: 'AGENT_FAILED', message: `The cloud agent gave up (${status}).${what}` });
  }
}
