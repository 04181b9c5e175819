/** One metric as it is exposed, documented, drawn and alerted on. */
export interface MetricDefinition {
  /** `runledger_<what>_<unit>`. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Names of labels whose values are few and known: never ids, never what people write. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

/** Of what takes milliseconds: statements, commands, requests. */
const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of what takes seconds to an hour: agents and programs. */
const SLOW = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** Of what takes milliseconds mostly and minutes at most: functions that steps call. */
const BOTH = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

const counter = (name: string, help: string, labels: readonly string[] = []) =>
  ({ name: `runledger_${name}`, kind: 'counter', help, labels }) as const;
const gauge = (name: string, help: string, labels: readonly string[] = []) =>
  ({ name: `runledger_${name}`, kind: 'gauge', help, labels }) as const;
const histogram = (name: string, help: string, labels: readonly string[], buckets: readonly number[]) =>
  ({ name: `runledger_${name}`, kind: 'histogram', help, labels, buckets }) as const;

const CONSUMER = ['kind', 'consumer'] as const;

/** Every metric of ours: code records by the key, `docs/reference/metrics.md` is written from it. */
export const METRICS = {
  appends: counter('appends_total', 'Appends to the log by outcome; a conflict is decided again and costs a read.', [
    'outcome',
  ]),
  appendDuration: histogram('append_duration_seconds', 'Time from the call to the outcome of an append.', [], FAST),
  appendedEvents: counter('appended_events_total', 'Events that this process stored.'),
  logHead: gauge('log_head_position', 'Position up to which the log is settled: readers go no further.'),
  settledGap: gauge(
    'log_unsettled_positions',
    'Positions given out behind the settled head: what open appends hold back. PostgreSQL only.',
  ),
  oldestOpenAppend: gauge(
    'log_oldest_open_append_seconds',
    'Age of the oldest append that has not committed; 0 when there is none. PostgreSQL only.',
  ),
  consumerPosition: gauge('consumer_position', 'Position up to which a consumer of the log has read.', CONSUMER),
  consumerLag: gauge(
    'consumer_lag_positions',
    'How far a consumer is behind the head. Positions have holes, so this is an upper bound of the events.',
    CONSUMER,
  ),
  consumerLagSeconds: gauge(
    'consumer_lag_seconds',
    'Age of the oldest event that a consumer has not passed; below 2 s for one that waits for rare events, 0 for one that others run.',
    CONSUMER,
  ),
  consumerState: gauge('consumer_state', '1 for the state that a consumer is in, 0 for the others.', [
    ...CONSUMER,
    'state',
  ]),
  consumerParked: gauge(
    'consumer_parked_events',
    'Events of the own partitions that a reactor has set aside: parked, or waiting behind one that is.',
    [...CONSUMER],
  ),
  consumerPartitions: gauge('consumer_partitions', 'Partitions that this process owns of a consumer.', CONSUMER),
  reactionDuration: histogram(
    'reaction_duration_seconds',
    'Time that a reactor took for one event, by how it ended; a failed reaction is tried again.',
    ['consumer', 'outcome'],
    FAST,
  ),
  commandDuration: histogram(
    'command_duration_seconds',
    'Time that this process took to answer a command: accepted, refused, or failed with a fault.',
    ['command', 'outcome'],
    FAST,
  ),
  attemptsStarted: counter('attempts_started_total', 'Attempts that this process began or took over.', ['how']),
  attemptsEnded: counter('attempts_ended_total', 'Attempts that this process ended, by outcome.', ['outcome']),
  attemptDuration: histogram(
    'attempt_duration_seconds',
    'Time that this process worked on an attempt until its end.',
    ['outcome'],
    SLOW,
  ),
  attemptsExecuting: gauge('attempts_executing', 'Attempts that execute in this process now.'),
  attemptsCapacity: gauge('attempts_capacity', 'Most attempts that may execute in this process.'),
  attemptsWaiting: gauge(
    'attempts_waiting',
    'Ready steps of the whole installation that no worker has begun; every sandbox process says the same.',
  ),
  functionCalls: counter(
    'function_calls_total',
    'Calls of functions that this process made for steps, by how they ended.',
    ['function', 'outcome'],
  ),
  functionCallDuration: histogram(
    'function_call_duration_seconds',
    'Time of one call of a function, until it ended or was given up.',
    ['function'],
    BOTH,
  ),
  functionCallsExecuting: gauge('function_calls_executing', 'Calls of functions that go on in this process now.'),
  functionCallsWaiting: gauge(
    'function_calls_waiting',
    'Steps whose function this process does not call yet, since too many calls go on.',
  ),
  timersDue: gauge(
    'timers_due',
    'Timers of a service that are due and that no process has begun; every process of it says the same.',
    ['queue'],
  ),
  timersLag: gauge('timers_lag_seconds', 'How late the latest due timer of a service is; 0 when none is due.', [
    'queue',
  ]),
  timersParked: gauge('timers_parked', 'Timers of a service whose handler failed for good: a person should look.', [
    'queue',
  ]),
  timersLateness: histogram(
    'timers_fired_lateness_seconds',
    'Time from when a timer was due until this process fired it, by kind of timer; its count is how many were fired.',
    ['timer'],
    FAST,
  ),
  timersFailed: counter(
    'timers_failed_total',
    'Firings whose handler failed, by kind of timer: retried later, or parked.',
    ['timer', 'outcome'],
  ),
  modelCallDuration: histogram(
    'model_call_duration_seconds',
    'Time of one call of a model, by provider and how it ended.',
    ['provider', 'outcome'],
    SLOW,
  ),
  graphqlDuration: histogram(
    'graphql_operation_duration_seconds',
    'Time of a GraphQL operation; of a subscription until it is open.',
    ['type', 'outcome'],
    FAST,
  ),
  graphqlErrors: counter('graphql_errors_total', 'Errors in answers to GraphQL operations, by code.', ['code']),
  subscriptionsOpen: gauge('graphql_subscriptions_open', 'GraphQL subscriptions that are open now.'),
  socketsOpen: gauge('graphql_sockets_open', 'WebSocket connections that are open now.'),
  httpDuration: histogram(
    'http_request_duration_seconds',
    'Time of an HTTP request by method, route pattern and class of the status.',
    ['method', 'route', 'status'],
    FAST,
  ),
  feedEvents: counter(
    'feed_events_total',
    'Events of the log that reached this process over Kafka, by way: topic, repaired or store; repeated and foreign were dropped.',
    ['way'],
  ),
  feedOnTopic: gauge('feed_on_topic', '1 while events come from the Kafka topic, 0 while the store is read instead.'),
  sampleFailures: counter(
    'metrics_sample_failures_total',
    'Times that a value could not be asked for while the metrics were read; the others are served all the same.',
    ['part'],
  ),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricKey = keyof typeof METRICS;
/** Keys of the metrics of one kind. */
export type KeyOfKind<Kind extends MetricDefinition['kind']> = {
  [Key in MetricKey]: (typeof METRICS)[Key]['kind'] extends Kind ? Key : never;
}[MetricKey];
