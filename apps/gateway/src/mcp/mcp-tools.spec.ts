import { buildSchema } from 'graphql';
import { gatewayTypeDefs } from '../graph/gateway-schema.js';
import { OperationCheck } from '../graph/operation-limits.js';
import { MCP_TOOLS } from './mcp-tools.js';

describe('the tools for chats', () => {
  const check = new OperationCheck(buildSchema(gatewayTypeDefs()), true);

  it.each(MCP_TOOLS.map(tool => [tool.name, tool]))('%s asks the API what it takes', (_name, { query }) => {
    expect(check.document(query).errors).toEqual([]);
  });

  it.each(MCP_TOOLS.map(tool => [tool.name, tool]))(
    '%s changes nothing if it says so',
    (_name, { query, readOnly }) => {
      expect(query.startsWith('query ')).toBe(readOnly);
    },
  );
});
