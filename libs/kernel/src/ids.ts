/**
 * Public ids are `<prefix>_<key>`; a stream is `<category>-<key>`. The prefix says what the id names, the key is unique
 * within its workspace. Keys contain no `_` and hold `-` only as UUID separators or inside slugs.
 */
export function idOf(prefix: string, key: string): string {
  return `${prefix}_${key}`;
}

/** The part of a public id behind its prefix. */
export function keyOf(id: string): string {
  const cut = id.indexOf('_');
  return cut < 0 ? id : id.slice(cut + 1);
}

/** The stream that holds the facts of one instance: `streamOf('run', 'run_0198…')` is `run-0198…`. */
export function streamOf(category: string, id: string): string {
  return `${category}-${keyOf(id)}`;
}

/** The id of one attempt of one step: `att_<run key>.<step>.<n>`, attempts count from 1. */
export function attemptId(runId: string, step: string, attempt: number): string {
  return idOf('att', `${keyOf(runId)}.${step}.${attempt}`);
}

/** The id of the request that a gate of a step makes: `apr_<run key>.<step>.<position>.<attempt>`. */
export function gateId(runId: string, step: string, position: string, attempt: number): string {
  return idOf('apr', `${keyOf(runId)}.${step}.${position}.${attempt}`);
}
