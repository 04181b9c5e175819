import { AgentText, AgentThinking, ToolCallEnded, ToolCallStarted } from '@runledger/contracts';
import type { StepError, ToolDetail } from '@runledger/contracts';
import { z } from 'zod';
import { argumentsOf } from '../agent/recorded-call.js';
import { wholeText } from '../attempt/call-output.js';
import type { StepRun } from '../attempt/step-run.js';
import { headOf } from '../attempt/storable-text.js';
import type { ServerEvent } from './server-events.js';

const spoken = z.object({ text: z.string() });
const toolCall = z.object({
  callId: z.string(),
  name: z.string(),
  status: z.string(),
  args: z.unknown().optional(),
  result: z.unknown().optional(),
});
type ToldCall = z.infer<typeof toolCall>;

/** Its names for what we have names for. */
const TOOLS: Readonly<Record<string, string>> = {
  run_terminal_cmd: 'bash',
  shell: 'bash',
  write: 'write_file',
  list_dir: 'list_files',
  grep: 'search_files',
  codebase_search: 'search_files',
};

type Kind = 'text' | 'thinking';

/**
 * One run of a cloud agent as the transcript shows it. Its entries are named by their order alone, so that whoever hears the run from the
 * beginning once more adds only what is not there yet: neither a gap nor a repetition (R2).
 */
export class CloudTurn {
  #entry = 0;
  #kind: Kind | undefined;
  /** What was heard of the entry that is being said. */
  #heard = 0;
  #said = '';
  #last = '';
  readonly #open = new Map<string, string>();
  readonly #over = new Set<string>();

  constructor(
    private readonly run: StepRun,
    private readonly turn: number,
  ) {}

  /** Everything that was said. */
  get said(): string {
    return this.#said;
  }

  /** The last words that were any. */
  get last(): string {
    return this.#last;
  }

  async take({ event, data }: ServerEvent): Promise<void> {
    switch (event) {
      case 'assistant':
        return this.#say('text', spoken.safeParse(jsonOf(data)).data?.text ?? '');
      case 'thinking':
        return this.#say('thinking', spoken.safeParse(jsonOf(data)).data?.text ?? '');
      case 'tool_call': {
        const told = toolCall.safeParse(jsonOf(data)).data;
        return told && this.#call(told);
      }
    }
  }

  /** What the run is said to have come to, where the stream did not tell it. */
  async conclude(result: string): Promise<void> {
    const final = result.trim();
    if (final === '' || this.#said.includes(final)) return;
    this.#last = final;
    await this.#add('text', 'result', final, 0);
  }

  /** Calls of which nobody said how they ended. */
  close(): void {
    const { transcript } = this.run;
    for (const [callId, tool] of this.#open) {
      const end = { state: 'cancelled', output: '', error: NOT_TOLD, durationMs: 0 } as const;
      transcript.add(ToolCallEnded({ ...transcript.place, callId, tool, ...end, at: transcript.now() }));
    }
    this.#open.clear();
  }

  async #say(kind: Kind, words: string): Promise<void> {
    if (words === '') return;
    if (this.#kind !== kind) this.#begin(kind);
    if (kind === 'text') {
      this.#said += words;
      this.#last += words;
    }
    const before = this.#heard;
    this.#heard += words.length;
    await this.#add(kind, `${kind}.${this.#entry}`, words, before);
  }

  /** `before`: how much of the entry came before these words. What the transcript has already is passed over. */
  async #add(kind: Kind, name: string, words: string, before: number): Promise<void> {
    const { transcript, history } = this.run;
    const entryId = `${transcript.place.attemptId}/c${this.turn}.${name}`;
    const known = (kind === 'text' ? history.saidChars : history.thoughtChars).get(entryId) ?? 0;
    const entry = kind === 'text' ? AgentText : AgentThinking;
    await transcript.addText(words.slice(Math.max(0, known - before)), text =>
      entry({ ...transcript.place, entryId, text, at: transcript.now() }),
    );
  }

  #begin(kind: Kind): void {
    this.#kind = kind;
    this.#entry += 1;
    this.#heard = 0;
    if (kind === 'text') this.#last = '';
  }

  async #call({ callId: own, name, status, args, result }: ToldCall): Promise<void> {
    this.#kind = undefined;
    const { transcript, history, attempt, blobs } = this.run;
    const callId = `${attempt.place.step}.${attempt.place.attempt}.c${this.turn}.${own}`;
    const recorded = history.calls.get(callId);
    const tool = TOOLS[name] ?? headOf(name, 100);
    if (recorded?.ended || this.#over.has(callId)) return;
    if (!this.#open.has(callId)) {
      this.#open.set(callId, tool);
      const detail = detailOf(tool, args);
      const begun = { ...transcript.place, callId, tool, arguments: argumentsOf(args), at: transcript.now() };
      if (!recorded) transcript.add(ToolCallStarted({ ...begun, ...(detail && { detail }) }));
    }
    if (status !== 'completed') return;
    this.#open.delete(callId);
    // Whether a call failed is not told in a settled form: what came of it is shown as it is.
    const output = await wholeText(blobs, outputOf(result));
    this.#over.add(callId);
    transcript.add(
      ToolCallEnded({ ...transcript.place, callId, tool, state: 'ok', ...output, durationMs: 0, at: transcript.now() }),
    );
  }
}

const NOT_TOLD: StepError = { code: 'CANCELLED', message: 'The run ended without a word about what became of it.' };

function detailOf(tool: string, args: unknown): ToolDetail | undefined {
  const { url } = (args ?? {}) as { readonly url?: unknown };
  return tool === 'web_fetch' && typeof url === 'string' ? { kind: 'fetch', url } : undefined;
}

function outputOf(result: unknown): string {
  if (result === undefined || result === null) return '';
  return typeof result === 'string' ? result : JSON.stringify(result);
}

function jsonOf(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined; // a line that is no event of theirs
  }
}
