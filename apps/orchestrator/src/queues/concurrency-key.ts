import { createHash } from 'node:crypto';
import type { ConcurrencyRule, FlowDefinition, Json, RunStarted } from '@runledger/contracts';
import { fillReferences, jsonAt } from '../references/references.js';

/** The contract's limit, in characters. */
const MAX_KEY = 500;

interface Known {
  readonly parameters: Readonly<Record<string, Json>>;
  readonly subject: ReturnType<typeof RunStarted>['data']['subject'];
}

/** The flow's rule with its key filled in: runs of one workspace whose keys are equal wait for each other. */
export function concurrencyOf(
  { concurrency }: FlowDefinition,
  { parameters, subject }: Known,
): { readonly concurrency?: ConcurrencyRule } {
  if (!concurrency) return {};
  const key = fillReferences(concurrency.key, reference => {
    switch (reference.kind) {
      case 'parameter':
        return jsonAt({ ...parameters }, [reference.name, ...reference.path]);
      case 'subject':
        return jsonAt({ ...subject } as Json, reference.path);
      case 'step':
        return undefined; // refused when the flow was published
    }
  });
  return { concurrency: { ...concurrency, key: key.slice(0, MAX_KEY) } };
}

/** One stream for each key, whatever is in it. */
export function queueStream(key: string): string {
  return `queue-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}
