import { METRICS } from '@runledger/platform';
import { code, joined, pageHead, table } from './markdown.mjs';

const INTRO = [
  'What `GET /metrics` shows, in the text format of Prometheus. How to get at it:',
  '[Watch it in production](../how-to/watch-it-in-production.md).',
  '',
  'Every value carries the label `service`: the process that it is about. A process shows what it does: one without projections has none.',
  'No label holds an id or anything that people wrote, so the number of series is bounded by the number of services, commands, routes,',
  'consumers and functions. Beside these there are the usual `process_*` and `nodejs_*`: processor, memory, event loop, garbage collection.',
  '',
].join('\n');

const LABELS = {
  code: 'code of an error, as [GraphQL](graphql.md) and [Commands](commands.md) name them',
  command: '`<service>.<command>`, see [Commands](commands.md)',
  consumer: 'name of a reactor, projection or relay',
  function: 'name of a function in the module of `ORCHESTRATOR_FUNCTIONS`; `-` for one that is not there',
  how: '`started` or `resumed`',
  kind: '`reactor`, `projection` or `relay`',
  method: 'HTTP method',
  outcome:
    'how it ended: of an append `appended`, `duplicate`, `conflict`, `deleted`, `failed`; of a command `accepted`, `refused`, `failed`; of a reaction `done`, `failed`; of an attempt `SUCCESS`, `PARTIAL`, `BLOCKED`, `ERROR`, `CANCELLED`; of a call of a function the same, or `GONE` when the run did not wait any more, `STOPPED` when the process did not; of an operation `ok`, `errors`, `failed`; of a model call `finished`, `failed`, `aborted`; of a timer whose handler failed `retried`, `parked`',
  part: 'what could not be asked for',
  provider: '`scripted`, `anthropic` or `openai-compatible`',
  queue: 'the service whose timers they are',
  route: 'pattern of the route; `none` for what is not there',
  state: '`catching-up`, `live`, `faulted` or `stopped`',
  status: '`2xx`, `3xx`, `4xx` or `5xx`',
  timer: 'kind of a timer',
  type: '`query`, `mutation`, `subscription`; `unread` for what could not be read',
  way: '`topic`, `repaired`, `store`, `repeated` or `foreign`',
};

/** One row per metric of the catalogue, and what each label can be. */
export function metricsPage(metrics = METRICS) {
  const all = Object.values(metrics);
  const used = [...new Set(all.flatMap(({ labels }) => labels))].sort();
  const unknown = used.filter(label => !LABELS[label]);
  if (unknown.length > 0) throw new Error(`Labels without a meaning: ${unknown.join(', ')}.`);
  const rows = all.map(({ name, kind, labels, help }) => [code(name), kind, labels.map(code).join(', '), help]);
  return joined([
    ...pageHead('Metrics', INTRO),
    ...table(['Metric', 'Kind', 'Labels', 'Meaning'], rows),
    '## Labels',
    '',
    ...table(
      ['Label', 'Values'],
      used.map(label => [code(label), LABELS[label]]),
    ),
  ]);
}
