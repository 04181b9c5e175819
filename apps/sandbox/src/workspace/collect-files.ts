import type { Sandbox } from '../driver/sandbox-driver.js';
import { COLLECTION_PROGRAM } from './collection-program.js';
import { BrokenFramesError, FileFrames } from './file-frames.js';
import type { CollectedFile } from './file-frames.js';

export interface CollectionLimits {
  readonly files: number;
  readonly fileBytes: number;
  readonly totalBytes: number;
}

export const COLLECTION_LIMITS: CollectionLimits = {
  files: 1_000,
  fileBytes: 104_857_600,
  totalBytes: 524_288_000,
};

export interface Collection {
  readonly callId: string;
  /** Globs below the workspace. */
  readonly patterns: readonly string[];
  readonly limits?: CollectionLimits;
  readonly signal?: AbortSignal;
  /** Called for each file in order of its path; must read the content to its end. */
  keep(file: CollectedFile): Promise<void>;
}

const TIMEOUT_MS = 300_000;

/**
 * Hands over the regular files of the workspace that match. Runs in a sandbox that cannot change the workspace, after the
 * step's own processes are gone. Throws {@link BrokenFramesError} when the files are too many, too big or not readable.
 */
export async function collectFiles(sandbox: Sandbox, collection: Collection): Promise<void> {
  if (collection.patterns.length === 0) return;
  const limits = collection.limits ?? COLLECTION_LIMITS;
  const frames = new FileFrames(limits, file => collection.keep(file));
  let said = '';
  const { why, exitCode } = await sandbox.exec({
    callId: collection.callId,
    argv: ['node', '--no-warnings', '-e', COLLECTION_PROGRAM],
    env: { PATTERNS: JSON.stringify(collection.patterns) },
    cwd: sandbox.workspacePath,
    timeoutMs: TIMEOUT_MS,
    workspace: 'ro',
    outputBytes: limits.totalBytes,
    forget: true,
    ...(collection.signal === undefined ? {} : { signal: collection.signal }),
    onOutput: async (channel, chunk) => {
      if (channel === 'stdout') await frames.push(chunk);
      else said = (said + chunk.toString('utf8')).slice(-2_000);
    },
  });
  if (why === 'exit' && exitCode === 0) return frames.end();
  const reason = why === 'output-limit' ? `they have more than ${limits.totalBytes} bytes` : said.trim() || why;
  const error = new BrokenFramesError(reason);
  frames.abort(error);
  throw error;
}
