import { startDeclineMeanings } from '@runledger/contracts';
import { code, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'Why a start is declined before any step exists. A decline is not a failed run: nothing was started, and an event `RunDeclined` says so,',
  'but for those that no service was there to write down. `preflight` shows what would decline a start, without starting it.',
  '',
].join('\n');

export function declinesPage() {
  const rows = Object.entries(startDeclineMeanings).map(([name, { when, fix }]) => [code(name), when, fix]);
  return joined([...pageHead('Declines of starts', INTRO), ...table(['Code', 'When', 'What helps'], rows)]);
}
