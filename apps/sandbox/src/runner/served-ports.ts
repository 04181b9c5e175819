import type { IntegrationKind } from '@runledger/contracts';
import { Fault, RetryableError } from '@runledger/kernel';
import { isTransient } from '@runledger/messaging';
import { createReadStream } from 'node:fs';
import type { StepRun } from '../attempt/step-run.js';
import type { RunnerDirectory } from './runner-directory.js';
import type { PortCall } from './runner-protocol.js';

export interface ServedParts {
  readonly run: StepRun;
  readonly directory: RunnerDirectory;
}

type Methods = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

/** What a runner may ask for, and who answers. Nothing else of the service can be reached from there. */
export function servedPorts({ run, directory }: ServedParts): (call: PortCall) => Promise<unknown> {
  const { people, blobs, budget, flows, credentials } = run;
  const ports: Readonly<Record<string, Methods>> = {
    flows: { start: flows.start.bind(flows) },
    budget: { reserve: budget.reserve.bind(budget), release: budget.release.bind(budget) },
    people: { covering: people.covering.bind(people), answerTo: people.answerTo.bind(people) },
    blobs: { take: (name: string) => blobs.put(createReadStream(`${directory.blobs}/${fileName(name)}`)) },
    // Secrets travel over the socket only, and only when they are asked for (S1).
    credentials: {
      get: credentials.get.bind(credentials),
      connection: (kind: IntegrationKind, name: string | null) => credentials.connection(kind, name ?? undefined),
      report: credentials.report.bind(credentials),
    },
  };
  return async ({ port, method, args }) => {
    const asked = ports[port]?.[method];
    if (!asked) throw new Fault('UNKNOWN_PORT', `A runner asked for ${port}.${method}, which nobody answers.`);
    return asked(...(args as never[])).catch((error: unknown) => {
      throw asPassing(error);
    });
  };
}

/** A runner hears of what went wrong in words alone: whether it passes has to be said here. */
function asPassing(cause: unknown): unknown {
  if (cause instanceof RetryableError || !isTransient(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RetryableError('SERVICE_UNAVAILABLE', message, { cause });
}

function fileName(name: string): string {
  if (!/^\d+$/.test(name)) throw new Fault('INVALID_BLOB_NAME', 'A runner named a blob that is not its own.');
  return name;
}
