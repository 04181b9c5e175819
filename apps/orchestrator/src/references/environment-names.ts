/**
 * Command steps get parameters and summaries as environment variables only. Nothing is ever interpolated into the script:
 * a value such as `"; rm -rf ~` would become code there, whereas a shell never parses what a variable holds as commands.
 */
export function parameterVariable(name: string): string {
  return `PARAM_${variablePart(name)}`;
}

/** Holds the summary of a step that the command step needs. */
export function summaryVariable(stepKey: string): string {
  return `STEP_${variablePart(stepKey)}_SUMMARY`;
}

/** Holds the id of the run. */
export const RUN_ID_VARIABLE = 'RUN_ID';

/** Hold what the run is about, when it is about something; the context as JSON. */
export const SUBJECT_VARIABLES = {
  kind: 'SUBJECT_KIND',
  id: 'SUBJECT_ID',
  url: 'SUBJECT_URL',
  context: 'SUBJECT_CONTEXT',
} as const;

/** Holds what people at a review want done otherwise; only in the attempt that they asked for. */
export const CHANGES_VARIABLE = 'REQUESTED_CHANGES';

/** Variables that the platform sets itself; a flow's own `env` may not use them. */
export function isReservedVariable(name: string): boolean {
  return (
    name === RUN_ID_VARIABLE ||
    name === CHANGES_VARIABLE ||
    Object.values<string>(SUBJECT_VARIABLES).includes(name) ||
    name.startsWith('PARAM_') ||
    /^STEP_.*_SUMMARY$/.test(name)
  );
}

function variablePart(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}
