import { ErrorRecorded } from '@runledger/contracts';
import type { CommandWork, Json, StepError } from '@runledger/contracts';
import { depthProblem, OutputCheck, outputMissing, outputUnfit } from './output-contract.js';
import { CANCELLED, placeAndReady, timedOut } from './step-run.js';
import type { StepResult, StepRun } from './step-run.js';
import { tailOf } from './storable-text.js';
import { runToolCall } from './tool-call.js';
import type { ToolCallResult } from './tool-call.js';

const SUMMARY_CHARS = 500;
const OUTPUT_FILE_BYTES = 262_144;
/** The longest single argument that Linux takes is 131,072 bytes. */
const ARGUMENT_BYTES = 120_000;

/** Runs a command step: one call of the tool `command`, whose exit code decides. */
export async function runCommandStep(run: StepRun, work: CommandWork): Promise<StepResult> {
  const { place, ready } = placeAndReady(run);
  const callId = `${place.step}.${place.attempt}.command`;
  const outputFile = `${run.sandbox.workspacePath}/.runledger/${place.step}.${place.attempt}.json`;
  const result = await runToolCall(run, {
    callId,
    tool: 'command',
    arguments: { run: work.run },
    exec: {
      ...scriptOf(work.run),
      env: { ...work.env, ...placeEnv(run), RUNLEDGER_OUTPUT: outputFile },
      timeoutMs: run.remainingMs(),
    },
  });
  if (result.state !== 'ok') return failed(run, result, ready.timeoutMs);
  return succeeded(run, result, await readOutputFile(run, `${callId}.output`, outputFile));
}

function placeEnv(run: StepRun): Record<string, string> {
  const { runId, step, attempt } = run.attempt.place;
  return { RUNLEDGER_RUN_ID: runId, RUNLEDGER_STEP: step, RUNLEDGER_ATTEMPT: String(attempt) };
}

/** The preamble shares the script's first line, so that bash names the lines as the author counts them. */
function scriptOf(script: string): { argv: [string, ...string[]]; stdin?: Buffer } {
  const preamble =
    '[ -e "${RUNLEDGER_OUTPUT%/*}/.gitignore" ] || { mkdir -p "${RUNLEDGER_OUTPUT%/*}" && ' +
    'printf "*\\n" > "${RUNLEDGER_OUTPUT%/*}/.gitignore"; }; set -eo pipefail; ';
  const whole = preamble + script;
  if (Buffer.byteLength(whole) <= ARGUMENT_BYTES) return { argv: ['bash', '-c', whole] };
  return { argv: ['bash', '-c', 'script=$(cat) && exec </dev/null && eval "$script"'], stdin: Buffer.from(whole) };
}

function failed(run: StepRun, result: ToolCallResult, timeoutMs: number): StepResult {
  const exit = result.exitCode === undefined ? {} : { exitCode: result.exitCode };
  if (run.stop.cause === 'cancelled') return { outcome: 'ERROR', turns: 0, error: CANCELLED, ...exit };
  const timeout = run.stop.cause === 'timeout' || result.error?.code === 'TIMEOUT';
  const error = timeout ? timedOut(timeoutMs) : (result.error ?? CANCELLED);
  return { outcome: 'ERROR', turns: 0, error, ...exit };
}

type OutputFile = { readonly output?: Json } | { readonly error: StepError };

async function succeeded(run: StepRun, result: ToolCallResult, file: OutputFile): Promise<StepResult> {
  const summary = summaryOf(result.stdoutTail);
  const said = { turns: 0, exitCode: 0, ...(summary === '' ? {} : { summary }) };
  if (!('error' in file)) return { ...said, ...file, ...(await keptContract(run, file.output)) };
  const { transcript } = run;
  const entryId = `${transcript.place.attemptId}/output-file`;
  transcript.add(ErrorRecorded({ ...transcript.place, entryId, error: file.error, at: transcript.now() }));
  return { outcome: run.attempt.ready.output ? 'ERROR' : 'PARTIAL', ...said, error: file.error };
}

/** A program is not asked again: an output that does not fit is an error at once. */
async function keptContract(run: StepRun, output: Json | undefined): Promise<Pick<StepResult, 'outcome' | 'error'>> {
  const contract = run.attempt.ready.output;
  if (!contract) return { outcome: 'SUCCESS' };
  if (output === undefined) return { outcome: 'PARTIAL', error: outputMissing() };
  const check = await OutputCheck.of(contract);
  const problems = check.problemsOf(output);
  return problems.length === 0 ? { outcome: 'SUCCESS' } : { outcome: 'ERROR', error: outputUnfit(problems) };
}

/** Reads what the script wrote to `$RUNLEDGER_OUTPUT`, from inside the sandbox: a link there leads nowhere else (S1). */
async function readOutputFile(run: StepRun, callId: string, path: string): Promise<OutputFile> {
  if (!(await run.sandbox.mayHold(path))) return {};
  const chunks: Buffer[] = [];
  const result = await run.sandbox.exec({
    callId,
    argv: ['bash', '-c', `[ ! -e "$1" ] || head -c ${OUTPUT_FILE_BYTES + 1} -- "$1"`, 'read-output', path],
    timeoutMs: 30_000,
    signal: run.stop.signal,
    workspace: 'ro',
    forget: true,
    onOutput: (channel, chunk) => {
      if (channel === 'stdout') chunks.push(chunk);
    },
  });
  run.stop.throwIfLeft();
  const content = Buffer.concat(chunks);
  if (result.why !== 'exit' || result.exitCode !== 0) return { error: invalidOutput('it could not be read') };
  if (content.length === 0) return {};
  if (content.length > OUTPUT_FILE_BYTES)
    return { error: invalidOutput(`it is larger than ${OUTPUT_FILE_BYTES} bytes`) };
  try {
    const output = JSON.parse(content.toString('utf8')) as Json;
    const tooDeep = depthProblem(output);
    return tooDeep === undefined ? { output } : { error: invalidOutput(`it ${tooDeep}`) };
  } catch (cause) {
    return { error: invalidOutput(cause instanceof Error ? cause.message : 'it is not JSON') };
  }
}

function invalidOutput(reason: string): StepError {
  return {
    code: 'OUTPUT_INVALID',
    message: `The file $RUNLEDGER_OUTPUT was not taken over: ${reason}.`,
    fix: 'Write one JSON document to the file that $RUNLEDGER_OUTPUT names.',
  };
}

/** The last line that says something, or its end when it is long. */
function summaryOf(stdoutTail: string): string {
  const lines = stdoutTail.split(/\r?\n/).filter(line => line.trim() !== '');
  const last = lines.at(-1) ?? '';
  return tailOf(last.trimEnd(), SUMMARY_CHARS);
}
