import { toolDescriptions, toolInputs } from '@runledger/sandbox';
import { z } from 'zod';
import { fieldRows } from './json-schema-fields.mjs';
import { joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'What agents can do. A step or its skill names the tools of its agent in `tools`; without that it has all that ask nobody and start nothing,',
  'which leaves out `ask_user`, `spawn_agents` and `start_flow`, and `web_fetch` where the sandbox profile',
  '[lists no hosts](../how-to/open-the-network-to-a-sandbox.md). [MCP servers](../how-to/use-mcp-servers.md) bring further ones. Agents that are',
  '[programs of their own](../how-to/use-claude-code-codex-or-cursor.md) bring theirs, and have `ask_user`, `start_flow` and `spawn_agents` of these.',
  '',
].join('\n');

/** Every tool that the platform brings, from the schemas that models are given. */
export function toolsPage(inputs = toolInputs, descriptions = toolDescriptions) {
  const sections = Object.entries(inputs).flatMap(([name, input]) => {
    const schema = z.toJSONSchema(input, { io: 'input' });
    const rows = table(['Argument', 'Type', 'Required', 'Meaning'], fieldRows(schema));
    return [`## \`${name}\``, '', descriptions[name], '', ...rows];
  });
  return joined([...pageHead('Tools', INTRO), ...sections]);
}
