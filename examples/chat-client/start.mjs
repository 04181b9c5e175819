// Usage: node examples/chat-client/start.mjs <flow> <key> '<parameters as JSON>'
// Does what an assistant does that was given mcp.json: connects, starts a flow, and looks at its run until it has ended or waits for people.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const text = readFileSync(new URL('mcp.json', import.meta.url), 'utf8');
const filled = text.replace(/\$\{(\w+)\}/g, (_, name) => process.env[name] ?? '');
const { url, headers } = JSON.parse(filled).mcpServers.runledger;
const [flow, idempotencyKey, parameters = '{}'] = process.argv.slice(2);

const client = new Client({ name: 'chat-client', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
try {
  const started = await call('start_flow', { flow, idempotencyKey, parameters: JSON.parse(parameters) });
  console.log(`Run ${started.id}`);
  let run = await call('get_run', { id: started.id });
  while (['PENDING', 'RUNNING', 'INTERRUPTED'].includes(run.status)) {
    await delay(500);
    run = await call('get_run', { id: started.id });
  }
  for (const { what } of run.waitingOn) console.log(`Waits: ${what}`);
  for (const { name, state, summary } of run.timeline) console.log(`${name}: ${summary ?? state}`);
  console.log(run.status);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await client.close();
}

async function call(name, told) {
  const { isError, structuredContent: said } = await client.callTool({ name, arguments: told });
  if (!isError) return said;
  throw new Error(`${said?.code ?? name}: ${said?.message ?? 'refused'} ${said?.fix ?? ''}`);
}
