import type { Json, OutputContract } from '@runledger/contracts';
import { OutputCheck } from '../attempt/output-contract.js';

/** What an agent's last words are worth as a structured output. */
export type Verdict =
  | { readonly kind: 'absent' }
  | { readonly kind: 'fits'; readonly output: Json; readonly said: string }
  | { readonly kind: 'unfit'; readonly problems: readonly string[] };

const FENCE = '```';

/** What an agent is told about the output that its flow declares, and how its answers are judged. */
export class StructuredAnswer {
  readonly #check: OutputCheck;
  /** How often the agent was sent back. */
  sentBack = 0;

  private constructor(check: OutputCheck) {
    this.#check = check;
  }

  static async of(contract: OutputContract): Promise<StructuredAnswer> {
    return new StructuredAnswer(await OutputCheck.of(contract));
  }

  get passesLeft(): boolean {
    return this.sentBack < this.#check.passes;
  }

  /** Stands behind the instructions of the step. */
  get rule(): string {
    return `When you are done, end your last message with your structured output: one JSON document in a fenced block (${FENCE}json … ${FENCE}) that is valid under this JSON Schema:\n${JSON.stringify(this.#check.schema)}`;
  }

  judge(text: string): Verdict {
    const written = writtenIn(text);
    if (!written) return { kind: 'absent' };
    const { json, said } = written;
    try {
      const output = JSON.parse(json) as Json;
      const problems = this.#check.problemsOf(output);
      return problems.length === 0 ? { kind: 'fits', output, said } : { kind: 'unfit', problems };
    } catch (cause) {
      return { kind: 'unfit', problems: [cause instanceof Error ? cause.message : 'it is not JSON'] };
    }
  }
}

/** The next message to an agent whose output does not fit. */
export function sentBackWith(problems: readonly string[]): string {
  const list = problems.map(problem => `- ${problem}`).join('\n');
  return `Your structured output does not fit its schema:\n${list}\nEnd your next message with the whole corrected JSON document in a fenced block.`;
}

/** The last fenced block that is JSON or says so, else the whole text when it is a JSON list or object. */
function writtenIn(text: string): { readonly json: string; readonly said: string } | undefined {
  const end = text.lastIndexOf(FENCE);
  const begin = end <= 0 ? -1 : text.lastIndexOf(FENCE, end - 1);
  if (begin !== -1) {
    const block = text.slice(begin + FENCE.length, end);
    const language = block.slice(0, Math.max(0, block.indexOf('\n'))).trim();
    const json = block.slice(block.indexOf('\n') + 1);
    if (language === 'json' || (language === '' && isJson(json))) return { json, said: text.slice(0, begin).trim() };
  }
  const whole = text.trim();
  return /^[[{]/.test(whole) && isJson(whole) ? { json: whole, said: '' } : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
