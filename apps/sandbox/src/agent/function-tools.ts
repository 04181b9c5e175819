import type { BuiltInTool, ToolName } from '@runledger/contracts';
import type { LanguageModelV4FunctionTool } from '@ai-sdk/provider';
import { z } from 'zod';
import type { OfferedTool } from '../mcp/mcp-tools.js';
import { isBuiltIn, toolDescriptions, toolInputs } from './tool-inputs.js';

/** The tools of an agent as a model is told of them. The same text each time: vendors keep the prompt only as far as it is the same. */
export function functionTools(
  tools: readonly ToolName[],
  offered: readonly OfferedTool[],
): readonly LanguageModelV4FunctionTool[] {
  const ours = [...new Set(tools)].filter(isBuiltIn).map(builtIn);
  const theirs = offered.filter(({ name }) => tools.includes(name));
  return [
    ...ours,
    ...theirs.map(
      ({ name, description, inputSchema }) => ({ type: 'function', name, inputSchema, description }) as const,
    ),
  ];
}

const known = new Map<BuiltInTool, LanguageModelV4FunctionTool>();

/** The same for every call of a model, so that its schema is written out once. */
function builtIn(name: BuiltInTool): LanguageModelV4FunctionTool {
  const before = known.get(name);
  if (before) return before;
  const schema: z.ZodType = toolInputs[name];
  const inputSchema = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
  }) as LanguageModelV4FunctionTool['inputSchema'];
  const made = { type: 'function', name, inputSchema, description: toolDescriptions[name] } as const;
  known.set(name, made);
  return made;
}

/**
 * The arguments of a call as the tool takes them. Where they do not fit, or there is no such tool, they are what the model wrote, as far as
 * it can be read: whoever does the call says what is wrong with it.
 */
export function readArguments(call: WrittenCall, tools: readonly ToolName[]): unknown {
  const { toolName, input } = call;
  const tool = tools.find(name => name === toolName);
  const read = readJson(input);
  // Models write nothing where a tool wants nothing.
  const given = input.trim() === '' ? { value: {} } : read;
  const taken = tool !== undefined && given ? takenBy(tool, given.value) : undefined;
  const { value } = taken ?? read ?? { value: input };
  return value;
}

/** A call as a model made it: arguments are text. */
export interface WrittenCall {
  readonly toolName: string;
  readonly input: string;
}

interface Value {
  readonly value: unknown;
}

/** What servers offer is for them to check. */
function takenBy(tool: ToolName, value: unknown): Value | undefined {
  if (!isBuiltIn(tool)) return { value };
  const schema: z.ZodType = toolInputs[tool];
  try {
    const { success, data } = schema.safeParse(value);
    return success ? { value: data } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it is nested too deeply to be looked at
    throw error;
  }
}

function readJson(text: string): Value | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return changesPrototypes(value) ? undefined : { value };
  } catch {
    return undefined; // the call that it is of is refused for it
  }
}

/** Merged with something, it would change what all objects have. */
function changesPrototypes(value: unknown): boolean {
  const left = [value];
  for (const node of left) {
    if (typeof node !== 'object' || node === null) continue;
    if (Object.hasOwn(node, '__proto__')) return true;
    const made: unknown = Object.hasOwn(node, 'constructor') && (node as { readonly constructor: unknown }).constructor;
    if (typeof made === 'object' && made !== null && Object.hasOwn(made, 'prototype')) return true;
    for (const inner of Object.values(node)) left.push(inner);
  }
  return false;
}
