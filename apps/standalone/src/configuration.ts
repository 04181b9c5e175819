import { approvalVariables } from '@runledger/approval/config';
import { auditVariables } from '@runledger/audit/config';
import { telemetryVariables } from '@runledger/platform';
import { storageVariables } from '@runledger/platform/storage';
import { billingVariables } from '@runledger/billing';
import { functionsVariables } from '@runledger/orchestrator/config';
import { sandboxVariables } from '@runledger/sandbox/config';
import { consumerVariables } from '@runledger/sdk';
import type { z } from 'zod';
import { apiVariables } from './api.config.js';
import { availableVariables } from './available.config.js';
import { reconcileVariables } from './reconcile/reconcile.config.js';
import { serviceVariables } from './services/service.config.js';
import { standaloneVariables } from './standalone.config.js';
import { webhookVariables } from './webhooks.config.js';

/** Variables that belong together, for the reference. */
export interface ConfigurationPart {
  readonly title: string;
  /** Which processes read them, and for what. */
  readonly intro: string;
  readonly variables: z.ZodObject;
}

/** Every variable that a process of ours reads, in the order in which people meet them. */
export const CONFIGURATION: readonly ConfigurationPart[] = [
  {
    title: 'The platform in one process',
    intro: 'What `npm start` and `npm run demo` read beside the parts below.',
    variables: standaloneVariables,
  },
  {
    title: 'The log and its way to readers',
    intro: 'Read by every process that opens the log.',
    variables: storageVariables,
  },
  {
    title: 'A service in a process of its own',
    intro:
      'Read by each service of a cluster, beside `PORT`, `HOST`, `DATABASE_URL`, `RUNLEDGER_HOME` and `LOG_LEVEL` above.',
    variables: serviceVariables,
  },
  {
    title: 'The API',
    intro: 'Read by the process that answers it. See [Open the API to others](../how-to/open-the-api-to-others.md).',
    variables: apiVariables,
  },
  {
    title: 'What flows may require',
    intro:
      'Read by the process that starts runs. A run whose flow `requires` what is not named here is declined (`PREFLIGHT_FAILED`).',
    variables: availableVariables,
  },
  {
    title: 'Functions',
    intro:
      'Read by the process that runs the orchestrator. See [Do a step in code of your own](../how-to/do-a-step-in-code.md).',
    variables: functionsVariables,
  },
  {
    title: 'Webhooks',
    intro: 'Read by the process that serves the API. See [Start a run from CI](../how-to/start-a-run-from-ci.md).',
    variables: webhookVariables,
  },
  {
    title: 'Telling people',
    intro: 'Read by the process that asks people. See [Notify people](../how-to/notify-people.md).',
    variables: approvalVariables,
  },
  {
    title: 'Prices',
    intro:
      'Read by the process that charges. See [Attach your own calculator](../how-to/attach-your-own-calculator.md).',
    variables: billingVariables,
  },
  { title: 'Steps', intro: 'Read by the process that executes steps.', variables: sandboxVariables },
  {
    title: 'The audit tree',
    intro: 'Read by the process that seals the log. See [Publish checkpoints](../how-to/publish-checkpoints.md).',
    variables: auditVariables,
  },
  {
    title: 'Commands that ask the API',
    intro: 'Read by `npm run billing`.',
    variables: reconcileVariables,
  },
  {
    title: 'A service of your own on the events',
    intro:
      'Read by services that are written with `@runledger/sdk`, beside `DATABASE_URL`, `RUNLEDGER_HOME`, `LOG_LEVEL` and the log and its way to readers. See [Write a service on the events](../how-to/write-a-service-on-the-events.md).',
    variables: consumerVariables,
  },
  {
    title: 'Being watched',
    intro: 'Read by every process. See [Watch it in production](../how-to/watch-it-in-production.md).',
    variables: telemetryVariables,
  },
];
