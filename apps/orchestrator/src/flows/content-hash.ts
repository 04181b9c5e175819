import type { FlowDefinition } from '@runledger/contracts';
import { canonicalJson } from '@runledger/kernel';
import { createHash } from 'node:crypto';
import { setImmediate as breath } from 'node:timers/promises';

/** So many steps are written out at a time. */
const AT_ONCE = 250;

/** SHA-256 of the canonical JSON of a flow, in hex. Thousands of steps are written out piece by piece: others have their turn. */
export async function contentHash({ steps, ...rest }: FlowDefinition): Promise<string> {
  const hash = createHash('sha256');
  hash.update(
    `{${membersOf(rest, key => key < 'steps')
      .map(member => `${member},`)
      .join('')}"steps":[`,
  );
  for (const [index, step] of steps.entries()) {
    if (index > 0) hash.update(',');
    hash.update(canonicalJson(step));
    if (index % AT_ONCE === AT_ONCE - 1) await breath();
  }
  const after = membersOf(rest, key => key > 'steps').map(member => `,${member}`);
  return hash.update(`]${after.join('')}}`).digest('hex');
}

/** Those with such keys, in order, as the canonical form writes them. */
function membersOf(value: object, fits: (key: string) => boolean): string[] {
  const members = Object.entries(value).filter(([key, member]) => fits(key) && member !== undefined);
  return members
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
}
