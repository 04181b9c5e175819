import { scriptedTurn } from '@runledger/contracts';
import type { AgentWork } from '@runledger/contracts';
import { z } from 'zod';
import type { AgentOrder } from './agent-run.js';

const SUB_AGENT =
  'You are one of several agents that work in the same workspace. Change only what your task is about. Your last message is your report to the agent that started you.';

/** The work of a sub-agent: that of the step, with a prompt, tools and turns of its own. */
export function subAgentWork(parent: AgentWork, { prompt, tools, maxTurns, script }: AgentOrder): AgentWork {
  const instructions = parent.instructions === undefined ? SUB_AGENT : `${SUB_AGENT}\n\n${parent.instructions}`;
  const own = { prompt, instructions, tools: [...tools], maxTurns };
  return { ...parent, ...own, script: z.array(scriptedTurn).catch([]).parse(script) };
}
