import type { ArtifactStored, GateEvidence, GateReached, RunStarted } from '@runledger/contracts';
import type { ApprovalCommand, Settlement } from './approval.decider.js';
import type { Requested } from './approval-state.js';
import { shownHash } from './shown-hash.js';

export type Gate = ReturnType<typeof GateReached>['data'];
export type Started = ReturnType<typeof RunStarted>['data'];
export type Artifact = ReturnType<typeof ArtifactStored>['data'];

const AUTO_APPROVAL = { kind: 'system', id: 'auto-approval', name: 'Automatic approval' } as const;
const MOST_ARTIFACTS = 100;

/** What a gate needs beside its event. */
export interface GateSurroundings {
  /** The first event of the run. */
  readonly started: Started | undefined;
  readonly artifacts: readonly Artifact[];
  /** ISO 8601 UTC. */
  readonly now: string;
}

/** The request that a gate makes; a background run passes a marked gate, and that is written down as a decision. */
export function gateRequest(gate: Gate, around: GateSurroundings): ApprovalCommand {
  const { now } = around;
  const { gateId, runId, step, message, terms, startedBy, execution } = gate;
  const shown = evidenceOf(gate, around);
  const deadline = deadlineOf(terms, now);
  const data: Requested = {
    ...{ requestId: gateId, runId, step, kind: 'gate', message, shown, shownHash: shownHash({ message, shown }) },
    decisions: decisionsAt(gate),
    policy: terms.policy,
    ...(startedBy.kind === 'member' ? { startedBy: startedBy.id } : {}),
    ...(deadline === undefined ? {} : { deadline }),
    calls: [],
    requestedAt: now,
  };
  const passes = terms.autoApproveInBackground && execution === 'BACKGROUND';
  return { type: 'RequestApproval', data, ...(passes ? { settlement: autoApproval(now) } : {}) };
}

/** Shows of the run what only its other events say: the record that it is about, and the files of the shown steps. */
function evidenceOf({ shown }: Gate, { started, artifacts }: GateSurroundings): GateEvidence {
  const steps = new Set(shown.upstream.map(({ step }) => step));
  const files = artifacts
    .filter(({ step }) => steps.has(step))
    .slice(0, MOST_ARTIFACTS)
    .map(({ step, artifactId, path, blob }) => ({ step, artifactId, path, blob }));
  const subject = started?.subject;
  const links = subject?.url === undefined ? [] : [{ title: `${subject.kind} ${subject.id}`, url: subject.url }];
  return {
    ...shown,
    ...(links.length > 0 ? { links } : {}),
    ...(files.length > 0 ? { artifacts: files } : {}),
  };
}

/** Only where a result is under review can another attempt be asked for. */
function decisionsAt({ position }: Gate): Requested['decisions'] {
  return position === 'after' ? ['APPROVE', 'REJECT', 'SKIP', 'REQUEST_CHANGES'] : ['APPROVE', 'REJECT', 'SKIP'];
}

function deadlineOf({ timeoutMs, onTimeout, escalateTo }: Gate['terms'], now: string): Requested['deadline'] {
  if (timeoutMs === undefined) return undefined;
  return {
    timeoutMs,
    onTimeout,
    ...(escalateTo === undefined ? {} : { escalateTo }),
    dueAt: new Date(Date.parse(now) + timeoutMs).toISOString(),
  };
}

function autoApproval(now: string): Settlement {
  const comment = 'The flow lets background runs pass this gate.';
  return { decision: 'APPROVE', how: 'BACKGROUND', by: AUTO_APPROVAL, comment, decidedAt: now };
}
