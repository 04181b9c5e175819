import type { StepError } from '@runledger/contracts';

/** Something that people have to put right before an agent can work with a server. */
export class McpUnavailableError extends Error {
  constructor(readonly reason: StepError) {
    super(reason.message);
    this.name = 'McpUnavailableError';
  }
}
