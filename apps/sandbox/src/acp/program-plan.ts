import type { Plan } from '@agentclientprotocol/sdk';
import { ToolCallEnded, ToolCallStarted } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';

/** What the program has set itself to do, as the list of to-dos that readers know. */
export class ProgramPlan {
  #last = '';
  #lists = 0;

  /** `name`: of the prompt. */
  constructor(
    private readonly run: StepRun,
    private readonly name: string,
  ) {}

  /** The same list once more is no news. */
  told({ entries }: Plan): void {
    const items = entries.map(({ content, status }) => ({ content, status }));
    const text = JSON.stringify(items);
    if (text === this.#last) return;
    this.#last = text;
    this.#lists += 1;
    const { transcript, attempt } = this.run;
    const { step, attempt: number } = attempt.place;
    const callId = `${step}.${number}.${this.name}.plan.${this.#lists}`;
    const named = { ...transcript.place, callId, tool: 'todo_write', at: transcript.now() };
    const done = items.filter(({ status }) => status === 'completed').length;
    const output = `The list has ${items.length} items, ${done} of them completed.`;
    transcript.add(ToolCallStarted({ ...named, arguments: { todos: items }, detail: { kind: 'todo', items } }));
    transcript.add(ToolCallEnded({ ...named, state: 'ok', output, durationMs: 0 }));
  }
}
