import type { Problem } from '@runledger/kernel';
import type { LocatedDocument, Path } from './located-document.js';
import { isRecord, type StepSketch } from './step-graph.js';

/** Gates that nobody could pass, and what a gate says without effect. */
export function gateProblems(document: LocatedDocument, step: StepSketch): Problem[] {
  return gatesOf(step).flatMap(gate => [
    ...bothWays(document, gate),
    ...policyProblems(document, gate),
    ...timeoutProblems(document, gate),
  ]);
}

interface GateSketch {
  readonly path: Path;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly policy: Readonly<Record<string, unknown>>;
}

function gatesOf(step: StepSketch): GateSketch[] {
  const { gate, gates } = step.raw;
  const around = isRecord(gates) ? gates : {};
  const path = ['steps', step.index];
  const places: readonly [Path, unknown][] = [
    [[...path, 'gate'], gate],
    [[...path, 'gates', 'before'], around['before']],
    [[...path, 'gates', 'after'], around['after']],
  ];
  return places.flatMap(([at, raw]) => {
    if (!isRecord(raw)) return [];
    return [{ path: at, raw, policy: isRecord(raw['policy']) ? raw['policy'] : {} }];
  });
}

function bothWays(document: LocatedDocument, { path, raw, policy }: GateSketch): Problem[] {
  const twice = ['approvers', 'count', 'excludeStarter'].filter(
    key => raw[key] !== undefined && policy[key] !== undefined,
  );
  const problems = twice.map(key =>
    document.problem([...path, 'policy'], `\`${key}\` and \`policy.${key}\` say the same thing.`, {
      fix: 'Keep one of them.',
      key,
    }),
  );
  if (raw['timeout'] === undefined || raw['timeoutMs'] === undefined) return problems;
  const clash = document.problem(path, '`timeout` and `timeoutMs` say the same thing.', {
    fix: 'Keep `timeout`.',
    key: 'timeoutMs',
  });
  return [...problems, clash];
}

function policyProblems(document: LocatedDocument, { path, raw, policy }: GateSketch): Problem[] {
  const short = raw['count'] !== undefined;
  const count = raw['count'] ?? policy['count'] ?? 1;
  const approvers = raw['approvers'] ?? policy['approvers'];
  if (!Array.isArray(approvers) || typeof count !== 'number') return [];
  const people = new Set(approvers).size;
  if (people === 0 || count <= people) return [];
  const who = people === 1 ? 'only one member is named' : `only ${people} members are named`;
  return [
    document.problem(short ? path : [...path, 'policy'], `${count} must approve, but ${who}.`, {
      fix: `Name more members, or write \`count: ${people}\`.`,
      key: 'count',
    }),
  ];
}

function timeoutProblems(document: LocatedDocument, { path, raw }: GateSketch): Problem[] {
  const limited = raw['timeout'] !== undefined || raw['timeoutMs'] !== undefined;
  const { onTimeout, escalateTo } = raw;
  const problem = (key: string, message: string, fix: string) => [document.problem(path, message, { fix, key })];
  if (escalateTo !== undefined && onTimeout !== 'ESCALATE') {
    return problem('escalateTo', '`escalateTo` has no effect here.', 'Write `onTimeout: ESCALATE`, or remove it.');
  }
  if (onTimeout === 'ESCALATE' && escalateTo === undefined) {
    return problem('onTimeout', 'Nobody is named to escalate to.', 'Name members under `escalateTo`.');
  }
  // FAIL is what the stored form of every gate says.
  if (onTimeout === undefined || onTimeout === 'FAIL' || limited) return [];
  return problem('onTimeout', 'The gate has no `timeout`, so this never happens.', 'Add `timeout`, such as `24h`.');
}
