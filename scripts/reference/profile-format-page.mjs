import { profileDefinition } from '@runledger/contracts';
import { z } from 'zod';
import { formatPage } from './format-page.mjs';

const INTRO = [
  'What a sandbox is: a JSON document, published with `publishSandboxProfile` or as the `profile.json` of a folder',
  '([Describe a sandbox](../how-to/describe-a-sandbox.md)). A step, a flow or the start of a run names it by its slug.',
].join('\n');

export function profileFormatPage() {
  return formatPage('Sandbox profiles', z.toJSONSchema(profileDefinition, { io: 'input' }), INTRO);
}
