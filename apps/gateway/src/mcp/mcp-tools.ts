import { json } from '@runledger/contracts';
import { z } from 'zod';
import * as operations from './mcp-operations.js';

/** A tool: what it is told, and the operation of the API that answers it. */
export interface McpTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly readOnly: boolean;
  readonly query: string;
  /** The variables of the operation, from what the tool was told. */
  readonly variables: (told: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

const flow = z.string().min(1).max(200).describe('Slug of the flow, from list_flows.');
const start = {
  flow,
  parameters: z
    .record(z.string(), json)
    .optional()
    .describe('Values for the flow’s parameters; list_flows has their JSON Schema.'),
  version: z.int().positive().optional().describe('Left out: the latest.'),
  profile: z.string().max(63).optional().describe('Slug of the sandbox profile; left out: as the flow says.'),
  execution: z.enum(['INTERACTIVE', 'BACKGROUND']).optional().describe('Left out: as the flow says.'),
};
const first = z.int().min(1).max(50).default(20).describe('How many at most.');

const asInput = (told: Readonly<Record<string, unknown>>) => ({ input: told });

/** Everything that a program which speaks the Model Context Protocol can do here. */
export const MCP_TOOLS: readonly McpTool[] = [
  {
    name: 'list_flows',
    title: 'List flows',
    description: 'The flows that can be started, with the JSON Schema of their parameters.',
    input: z.strictObject({
      text: z.string().max(200).optional().describe('Part of the slug or the name.'),
      first,
      after: z.string().optional().describe('endCursor of the page before.'),
    }),
    readOnly: true,
    query: operations.LIST_FLOWS,
    variables: told => told,
  },
  {
    name: 'preflight',
    title: 'Look ahead at a run',
    description: 'What a start would meet: steps, cost, gates, and every problem with its fix. Starts nothing.',
    input: z.strictObject(start),
    readOnly: true,
    query: operations.PREFLIGHT,
    variables: asInput,
  },
  {
    name: 'start_flow',
    title: 'Start a run of a flow',
    description:
      'Starts a run, or says why its start was declined. Give an idempotency key, and give the same one when you ask again: it starts nothing twice.',
    input: z.strictObject({
      ...start,
      idempotencyKey: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe('Of your own making; the same key starts nothing twice.'),
    }),
    readOnly: false,
    query: operations.START_FLOW,
    variables: asInput,
  },
  {
    name: 'get_run',
    title: 'Look at a run',
    description:
      'Where a run stands: its state, what it waits for and who may act, the results of its steps, files and cost.',
    input: z.strictObject({ id: z.string().max(200).describe('run_…') }),
    readOnly: true,
    query: operations.GET_RUN,
    variables: told => told,
  },
  {
    name: 'list_inbox',
    title: 'List what waits for you',
    description:
      'Gates, permission prompts and questions that wait for the owner of the token, with what is to be decided.',
    input: z.strictObject({ first }),
    readOnly: true,
    query: operations.LIST_INBOX,
    variables: told => told,
  },
  {
    name: 'decide',
    title: 'Decide at a gate or on a tool call',
    description:
      'Decides a request of the inbox in the name of the owner of the token. Ask that person first. Pass on the shownHash, so that the decision counts for what was seen only.',
    input: z.strictObject({
      requestId: z.string().max(500).describe('From list_inbox or get_run.'),
      decision: z.enum([
        'APPROVE',
        'REJECT',
        'SKIP',
        'REQUEST_CHANGES',
        'ALLOW_ONCE',
        'ALLOW_RUN',
        'ALLOW_ALWAYS',
        'DENY',
      ]),
      shownHash: z.string().max(200).describe('From list_inbox.'),
      comment: z.string().max(10_000).optional(),
    }),
    readOnly: false,
    query: operations.DECIDE,
    variables: asInput,
  },
  {
    name: 'answer_question',
    title: 'Answer a question of an agent',
    description: 'Answers a question of the inbox: with one of its choices, or in free text where it has none.',
    input: z.strictObject({
      requestId: z.string().max(500).describe('From list_inbox or get_run.'),
      answer: z.string().min(1).max(10_000),
    }),
    readOnly: false,
    query: operations.ANSWER,
    variables: told => told,
  },
];
