import type { ArtifactRow } from '../artifacts/artifacts.entity.js';
import type { RunDetails } from './run-details.js';
import type { StepView } from './run-view.js';

/** The files that a step kept, in this run or in the one that it has its results from. */
export async function artifactsOf(
  details: Pick<RunDetails, 'artifacts'>,
  runId: string,
  { key, inherited }: Pick<StepView, 'key' | 'inherited'>,
): Promise<readonly ArtifactRow[]> {
  const found = await details.artifacts(inherited?.runId ?? runId);
  return found.filter(row => row.step === key && (inherited === undefined || row.attempt === inherited.attempt));
}

/** The files that the steps of a run kept, by itself or in the runs that it has their results from; oldest first. */
export async function artifactsOfRun(
  details: Pick<RunDetails, 'artifacts' | 'inherited'>,
  runId: string,
): Promise<readonly ArtifactRow[]> {
  const inherited = await details.inherited();
  const own = (await details.artifacts(runId)).filter(row => !inherited.has(row.step));
  const others = [...new Set([...inherited.values()].map(from => from.runId))];
  const theirs = (await Promise.all(others.map(id => details.artifacts(id)))).flat().filter(row => {
    const from = inherited.get(row.step);
    return from?.runId === row.runId && from.attempt === row.attempt;
  });
  return [...own, ...theirs].sort(byPosition);
}

function byPosition(left: ArtifactRow, right: ArtifactRow): number {
  const [first, second] = [BigInt(left.position), BigInt(right.position)];
  return first < second ? -1 : first > second ? 1 : 0;
}
