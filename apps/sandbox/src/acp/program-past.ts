import { AgentText } from '@runledger/contracts';
import { prefixOf } from '../agent/agent-run.js';
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import type { StepRun } from '../attempt/step-run.js';
import type { ProgramCalls } from './program-calls.js';
import type { Listener } from './program-turn.js';
import { textOf } from './program-turn.js';

/**
 * A program that takes up its conversation again tells it from the beginning. Nearly all of it is in the transcript; what it had
 * said or done and nobody had time to write down is added now, so that there is neither a gap nor a repetition.
 */
export class ProgramPast implements Listener {
  #said = '';
  /** Prompts that reached it. */
  prompts = 0;
  /** Anything at all. */
  isEmpty = true;
  #wasUser = false;

  constructor(
    private readonly run: StepRun,
    private readonly calls: ProgramCalls,
  ) {}

  async take(update: SessionUpdate): Promise<void> {
    const isUser = update.sessionUpdate === 'user_message_chunk';
    if (isUser && !this.#wasUser) this.prompts += 1;
    this.#wasUser = isUser;
    if (update.sessionUpdate === 'agent_message_chunk') this.#said += textOf(update.content);
    else if (update.sessionUpdate === 'tool_call' || update.sessionUpdate === 'tool_call_update') {
      await this.calls.toldAgain(update);
    } else if (!isUser) return;
    this.isEmpty = false;
  }

  /** The end of what was said, when it is longer than what was heard. */
  async catchUp(): Promise<void> {
    const { transcript, history } = this.run;
    const heard = [...history.saidChars.values()].reduce((sum, chars) => sum + chars, 0);
    if (this.#said.length <= heard) return;
    const entryId = `${transcript.place.attemptId}/${prefixOf(transcript.place)}past.e${history.epoch}`;
    await transcript.addText(this.#said.slice(heard), text =>
      AgentText({ ...transcript.place, entryId, text, at: transcript.now() }),
    );
  }
}
