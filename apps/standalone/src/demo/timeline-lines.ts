import type { RunReport } from './run-report.js';
import type { WatchedEvent } from './watch-run.js';

/** One line for a reader who watches the run in a terminal; undefined for events that would only be noise there. */
export function lineOf(event: WatchedEvent): string | undefined {
  const text = describe(event.type, event.data);
  return text === undefined ? undefined : `${event.occurredAt.slice(11, 23)}  ${text}`;
}

interface Particulars {
  readonly [name: string]: unknown;
  readonly step?: string;
  readonly tool?: string;
  readonly message?: string;
  readonly decision?: string;
  readonly state?: string;
  readonly exitCode?: number;
  readonly durationMs?: number;
  readonly flowName?: string;
  readonly flowVersion?: number;
  readonly text?: string;
  readonly path?: string;
  readonly summary?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly arguments?: Readonly<Record<string, unknown>>;
}

function describe(type: string, data: Particulars): string | undefined {
  const step = (data.step ?? '').padEnd(10);
  switch (type) {
    case 'RunStarted':
      return `run        ${data.flowName} v${data.flowVersion} started`;
    case 'AttemptStarted':
      return `${step} ▶ started`;
    case 'SetupRecorded':
      return `${step}   ${firstLine(data.text)}`;
    case 'ToolCallEnded':
      return `${step}   ${data.tool} ${data.state === 'ok' ? 'ok' : `${data.state} (exit ${data.exitCode ?? '–'})`} in ${data.durationMs} ms`;
    case 'ArtifactStored':
      return `${step}   kept ${data.path}`;
    case 'GateReached':
      return `${step} ⏸ ${data.message}`;
    case 'ApprovalDecided':
      return `${step} ✔ ${data.decision}`;
    case 'StepCompleted':
      return `${step} ✓ ${firstLine(data.summary)}`;
    case 'StepFailed':
    case 'RunFailed':
      return `${step} ✗ ${data.error?.code}: ${firstLine(data.error?.message)}`;
    case 'RunCompleted':
      return 'run        completed';
    case 'RunRejected':
    case 'RunCancelled':
      return `run        ${type.slice(3).toLowerCase()}`;
    default:
      return undefined;
  }
}

function firstLine(text: string | undefined): string {
  const line = (text ?? '').trim().split('\n')[0] ?? '';
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

/** The closing table of a readable demo. */
export function summaryOf(report: RunReport): string {
  const rows = report.steps.map(step =>
    [
      step.key.padEnd(12),
      step.state.padEnd(10),
      (step.outcome ?? '–').padEnd(8),
      `${step.turns} turns`.padStart(8),
      `${step.elapsedMs} ms`.padStart(9),
      money(step.cost).padStart(12),
    ].join('  '),
  );
  const totals = `${report.events} events, ${report.transcriptEntries} transcript entries, ${report.toolCalls} tool calls, ${money(report.totalCostMicroUnits)} in ${report.durationMs} ms`;
  return [...rows, `${report.status}: ${totals}`].join('\n');
}

function money(microUnits: number | null): string {
  return microUnits === null ? 'unpriced' : `$${(microUnits / 1_000_000).toFixed(6)}`;
}
