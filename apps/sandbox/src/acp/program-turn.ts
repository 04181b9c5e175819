import type { ContentBlock, SessionUpdate } from '@agentclientprotocol/sdk';
import type { StepRun } from '../attempt/step-run.js';
import { ProgramPlan } from './program-plan.js';
import type { ProgramCalls } from './program-calls.js';
import { SpokenWords } from './spoken-words.js';

/** Whoever hears what the program tells. */
export interface Listener {
  take(update: SessionUpdate): Promise<void>;
}

/** One prompt as the transcript shows it. */
export class ProgramTurn implements Listener {
  readonly words: SpokenWords;
  readonly #plan: ProgramPlan;
  #notices = 0;

  /** `name` is unique within the attempt. */
  constructor(
    private readonly run: StepRun,
    private readonly calls: ProgramCalls,
    private readonly name: string,
  ) {
    this.words = new SpokenWords(run, name);
    this.#plan = new ProgramPlan(run, name);
  }

  async take(update: SessionUpdate): Promise<void> {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
        return this.words.text(textOf(update.content));
      case 'agent_thought_chunk':
        return this.words.thinking(textOf(update.content));
      case 'tool_call':
      case 'tool_call_update':
        this.words.pause();
        return this.calls.told(update);
      case 'plan':
        this.words.pause();
        return this.#plan.told(update);
      case 'notice':
        return this.#note(`${update.title}${update.description ? `: ${update.description}` : ''}`);
      case 'compaction_update':
      case 'compaction_summary_chunk':
      case 'user_message_chunk':
      case 'available_commands_update':
      case 'current_mode_update':
      case 'config_option_update':
      case 'session_info_update':
      case 'usage_update':
        return;
    }
  }

  #note(text: string): void {
    this.#notices += 1;
    this.run.transcript.note('InfoRecorded', `${this.name}.notice.${this.#notices}`, text);
  }
}

export function textOf(content: ContentBlock): string {
  if (content.type === 'text') return content.text;
  return content.type === 'resource_link' ? content.uri : `[${content.type}]`;
}
