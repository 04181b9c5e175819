import type { CommandContext } from '@runledger/event-store';
import { Fault, RetryableError } from '@runledger/kernel';
import { z } from 'zod';
import type { CommandOutcome, CommandShape } from '../command-client.js';
import { StrangeAnswerError } from './http-errors.js';

/** Unix time in ms after which nobody waits for the answer. */
export const DEADLINE_HEADER = 'runledger-deadline';
/** The command's id: the same command sent again counts once (R1). */
export const IDEMPOTENCY_HEADER = 'idempotency-key';

/** What it does not know it passes on: a newer caller may say more about its command. */
const contextSchema = z.looseObject({
  commandId: z.string().min(1).max(200),
  workspaceId: z.string().min(1),
  actor: z.looseObject({ kind: z.enum(['member', 'service', 'system']), id: z.string() }),
  occurredAt: z.string(),
  correlationId: z.string().min(1),
});
const requestSchema = z.object({ input: z.unknown(), context: contextSchema });

const problem = z.looseObject({ path: z.string(), message: z.string() });
const outcomeSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('accepted'), output: z.unknown(), position: z.string().regex(/^\d+$/).optional() }),
  z.object({
    status: z.literal('refused'),
    refusal: z.looseObject({ rejected: z.string(), message: z.string(), details: z.array(problem).optional() }),
  }),
]);
const faultSchema = z.object({
  name: z.string(),
  code: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
  retryable: z.boolean(),
});
const answerSchema = z.union([z.object({ outcome: outcomeSchema }), z.object({ fault: faultSchema })]);

export function encodeRequest(input: unknown, context: CommandContext): string {
  return JSON.stringify({ input, context });
}

/** Throws what JSON and zod throw. */
export function decodeRequest(body: Buffer): { readonly input: unknown; readonly context: CommandContext } {
  const { input, context } = requestSchema.parse(JSON.parse(body.toString('utf8')));
  return { input, context };
}

/** A position is text on the wire: a JSON number would lose its last digits. */
export function encodeOutcome(outcome: CommandOutcome<unknown, string>): string {
  if (outcome.status === 'refused') return JSON.stringify({ outcome });
  const position = outcome.position === undefined ? {} : { position: String(outcome.position) };
  return JSON.stringify({ outcome: { ...outcome, ...position } });
}

export function encodeFault(fault: Fault): string {
  const { name, code, message, fields } = fault;
  const retryable = fault instanceof RetryableError;
  return JSON.stringify({ fault: { name, code, message, fields, retryable } }, bigintAsText);
}

/** The outcome, or the fault of the service thrown. Throws `StrangeAnswerError` for what neither is. */
export function decodeAnswer<Output, Code extends string>(
  command: CommandShape<unknown, Output, Code>,
  text: string,
): CommandOutcome<Output, Code> {
  const answer = readAnswer(command, text);
  if ('fault' in answer) throw faultOf(answer.fault);
  const { outcome } = answer;
  if (outcome.status === 'refused') return outcome as CommandOutcome<unknown, string> as CommandOutcome<Output, Code>;
  const position = outcome.position === undefined ? undefined : BigInt(outcome.position);
  try {
    return { status: 'accepted', output: command.output.parse(outcome.output), position };
  } catch (cause) {
    throw new StrangeAnswerError(command.service, command.name, 'its output does not fit the schema', cause);
  }
}

function readAnswer({ service, name }: { readonly service: string; readonly name: string }, text: string) {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StrangeAnswerError(service, name, 'it is neither an outcome nor a fault', cause);
  }
}

/** Of the same kind and the same name; the class itself stays in the program that threw it. */
function faultOf({ name, code, message, retryable, ...sent }: z.output<typeof faultSchema>): Fault {
  const fields = JSON.parse(JSON.stringify(sent.fields), textAsBigint) as Record<string, unknown>;
  const fault = retryable ? new RetryableError(code, message, { fields }) : new Fault(code, message, { fields });
  fault.name = name;
  return fault;
}

const BIGINT = '$bigint';

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { [BIGINT]: String(value) } : value;
}

function textAsBigint(_key: string, value: unknown): unknown {
  const text = isObject(value) && Object.keys(value).length === 1 ? value[BIGINT] : undefined;
  return typeof text === 'string' && /^-?\d+$/.test(text) ? BigInt(text) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
