import { Fault } from '@runledger/kernel';
import { ImageUnusableError } from '../container/container-faults.js';
import { ProviderNotConnectedError } from '../agent/providers.js';
import { MountNotAllowedError, IsolationNotAllowedError, SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { SnapshotGoneError, SnapshotMissingError } from '../snapshot/snapshot-errors.js';
import { RepositoryClosedError } from '../workspace/remote-access.js';
import { SandboxLostError } from '../workers/worker-faults.js';
import { FilesNotSuppliedError } from './supply-files.js';
import type { StepResult } from './step-run.js';

/** A fault of the sandbox or of the platform as the attempt's result: what only the operator can mend blocks it. */
export function failureResult(error: unknown, turns: number): StepResult {
  if (error instanceof SandboxUnavailableError) {
    return { outcome: 'BLOCKED', turns, error: { code: error.code, message: error.message } };
  }
  if (error instanceof ProviderNotConnectedError) {
    const { code, message, fix, needs } = error;
    return { outcome: 'BLOCKED', turns, error: { code, message, fix, needs } };
  }
  if (error instanceof RepositoryClosedError) {
    const { code, message, fix, needs } = error;
    return { outcome: 'BLOCKED', turns, error: { code, message, fix, ...(needs !== undefined && { needs }) } };
  }
  if (error instanceof ImageUnusableError) {
    const { code, message, fix } = error;
    return { outcome: 'BLOCKED', turns, error: { code, message, fix } };
  }
  if (error instanceof MountNotAllowedError || error instanceof IsolationNotAllowedError) {
    const fix = 'Ask the operator to allow it, or change the profile.';
    return { outcome: 'BLOCKED', turns, error: { code: error.code, message: error.message, fix } };
  }
  if (isLoss(error)) {
    return { outcome: 'ERROR', turns, error: { code: error.code, message: error.message, fix: error.fix } };
  }
  if (error instanceof Fault) return { outcome: 'ERROR', turns, error: { code: error.code, message: error.message } };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { outcome: 'ERROR', turns, error: { code: 'INTERNAL', message, ...(stack === undefined ? {} : { stack }) } };
}

/** Files that the attempt needs are not there. */
function isLoss(error: unknown): error is Fault & { readonly fix: string } {
  return [SandboxLostError, SnapshotGoneError, SnapshotMissingError, FilesNotSuppliedError].some(
    loss => error instanceof loss,
  );
}

export function noProfile(slug: string): StepResult {
  const message = `There is no sandbox profile ${slug} in this workspace.`;
  return {
    outcome: 'BLOCKED',
    turns: 0,
    error: { code: 'PROFILE_NOT_FOUND', message, fix: `Publish profile ${slug}.` },
  };
}
