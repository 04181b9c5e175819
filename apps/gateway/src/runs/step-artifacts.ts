import type { ArtifactRow } from '../artifacts/artifacts.entity.js';
import type { Loaders } from '../graph/loaders.js';
import type { StepView } from './run-view.js';

type Inherited = NonNullable<StepView['inherited']>;

/** The files that a step kept, in this run or in the one that it has its results from. */
export async function artifactsOf(
  { artifacts }: Pick<Loaders, 'artifacts'>,
  runId: string,
  { key, inherited }: Pick<StepView, 'key' | 'inherited'>,
): Promise<readonly ArtifactRow[]> {
  const found = await artifacts.load(inherited?.runId ?? runId);
  return found.filter(row => row.step === key && (inherited === undefined || row.attempt === inherited.attempt));
}

/** The files that the steps of a run kept, oldest first; `inherited`: by key, which of them other runs did. */
export async function artifactsOfRun(
  { artifacts }: Pick<Loaders, 'artifacts'>,
  runId: string,
  inherited: ReadonlyMap<string, Inherited>,
): Promise<readonly ArtifactRow[]> {
  const own = (await artifacts.load(runId)).filter(row => !inherited.has(row.step));
  const others = [...new Set([...inherited.values()].map(from => from.runId))];
  const theirs = (await Promise.all(others.map(id => artifacts.load(id)))).flat().filter(row => {
    const from = inherited.get(row.step);
    return from?.runId === row.runId && from.attempt === row.attempt;
  });
  return [...own, ...theirs].sort(byPosition);
}

function byPosition(left: ArtifactRow, right: ArtifactRow): number {
  const [first, second] = [BigInt(left.position), BigInt(right.position)];
  return first < second ? -1 : first > second ? 1 : 0;
}
