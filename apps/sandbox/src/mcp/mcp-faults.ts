import { SdkError, SdkHttpError } from '@modelcontextprotocol/client';
import type { McpServer } from '@runledger/contracts';
import { headOf } from '../attempt/storable-text.js';
import { McpUnavailableError } from './mcp-unavailable.js';

const NEEDS_CREDENTIAL = [401, 403];
/** Begins what the client says of an answer that is none. */
const POSTED = 'Error POSTing to endpoint: ';
const SAID_CHARS = 500;

/**
 * What the ways in which a server fails ask for: a credential where it says so, else the integration itself. The client has no
 * single signal for "unavailable": programs that are missing or die, silence, garbage and answers of other servers all differ.
 */
export function unavailable({ name }: Pick<McpServer, 'name'>, error: unknown, complaint = ''): McpUnavailableError {
  if (error instanceof McpUnavailableError) return error;
  if (error instanceof SdkHttpError && NEEDS_CREDENTIAL.includes(error.status)) {
    return needsCredential(name, `it answered with status ${error.status}`);
  }
  const said = complaint === '' ? '' : ` It said: ${complaint}`;
  const message = `The MCP server ${name} is not available: ${reasonOf(error)}.${said}`;
  const fix = 'Check that the server runs and can be reached, then resume the run.';
  return new McpUnavailableError({ code: 'INTEGRATION', message, fix });
}

export function needsCredential(name: string, why: string): McpUnavailableError {
  const message = `The MCP server ${name} needs a valid credential: ${why}.`;
  return new McpUnavailableError({
    code: 'CREDENTIAL',
    message,
    fix: 'Give the credential that its headers or environment name, then resume the run.',
  });
}

export function lacksTools(name: string, missing: readonly string[]): McpUnavailableError {
  const message = `The MCP server ${name} does not have the tools that are needed: ${missing.join(', ')}.`;
  const fix = 'Bring a version of the server that has them, or change `needs`.';
  return new McpUnavailableError({ code: 'INTEGRATION', message, fix });
}

export function tooLarge(name: string): McpUnavailableError {
  const message = `The MCP server ${name} sent a message of more than 16 MiB, of which nothing was read. Whether the call took effect is not known.`;
  const fix = 'Ask the server for less at a time, such as a page of it.';
  return new McpUnavailableError({ code: 'RESULT_TOO_LARGE', message, fix });
}

function reasonOf(error: unknown): string {
  if (error instanceof SdkHttpError && error.message.startsWith(POSTED)) return answerOf(error);
  if (error instanceof SdkError) return `${error.message.replace(/\.$/, '')} (${error.code})`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
}

/** What it said itself may be a whole page. */
function answerOf({ status, message }: SdkHttpError): string {
  const said = headOf(message.slice(POSTED.length).trim(), SAID_CHARS);
  return `it answered with status ${status}${said === '' ? '' : `: ${said}`}`;
}
