import { headOf } from '../attempt/storable-text.js';
import { recordOf } from './told-record.js';

/** What a program tells of the terminal of a command, beside what the protocol has a place for. */
export interface ToldTerminal {
  readonly output: string;
  readonly exitCode?: number;
}

const MOST_CHARS = 16_777_216;

/**
 * Programs that were first written for an editor with terminals (Codex is one) tell what their commands print only in `_meta`, piece by
 * piece: `terminal_output_delta` or `terminal_output`, and `terminal_exit` at the end.
 */
export function terminalTold(known: ToldTerminal | undefined, meta: unknown): ToldTerminal | undefined {
  const told = recordOf(meta);
  const { data } = recordOf(told?.['terminal_output_delta'] ?? told?.['terminal_output']) ?? {};
  const { exit_code: code } = recordOf(told?.['terminal_exit']) ?? {};
  const exitCode = Number.isInteger(code) ? (code as number) : known?.exitCode;
  if (typeof data !== 'string' && exitCode === undefined) return known;
  const output = headOf((known?.output ?? '') + (typeof data === 'string' ? data : ''), MOST_CHARS);
  return { output, ...(exitCode !== undefined && { exitCode }) };
}
