import { CancelRun, Preflight, PublishFlow, PublishSkill, ReportEnvironment, StartRun } from '@runledger/contracts';
import type { StepFunctions } from '@runledger/contracts';
import type { CommandHandler, EventStore } from '@runledger/event-store';
import { SILENT, type ConsumerLog, type Reactor } from '@runledger/messaging';
import { silentTelemetry } from '@runledger/platform';
import type { Clock, CommandClient, CommandRegistry, Telemetry } from '@runledger/platform';
import type { TimerKind, Timers } from '@runledger/timers';
import { environmentTimerKind, environmentWatch } from './environments/environment-watch.js';
import { reportEnvironment } from './environments/report-environment.js';
import { EventTriggerDesk } from './event-triggers/event-trigger-desk.js';
import { eventTriggerReactor } from './event-triggers/event-triggers.reactor.js';
import { StandingTriggers } from './event-triggers/standing-triggers.js';
import { CallObserver } from './functions/call-observer.js';
import { functionCalls } from './functions/function-calls.reactor.js';
import { FlowReaders } from './flows/flow-readers.js';
import { publishFlow } from './flows/publish-flow.js';
import { ConnectedIntegrations } from './needs/connected-integrations.js';
import { needsOfSteps, runsGoOn } from './needs/needs.reactor.js';
import { PreflightDesk } from './preflight/preflight.js';
import type { Available, ProviderConnected } from './preflight/run-needs.js';
import { StartChecks } from './preflight/start-checks.js';
import { queueMoves, queueTurns } from './queues/run-queues.reactor.js';
import { budgetHolds } from './runs/budget-holds.reactor.js';
import { attemptEnds } from './runs/attempt-ends.reactor.js';
import { cancelRun } from './runs/cancel-run.js';
import { gateDecisions } from './runs/gate-decisions.reactor.js';
import { DailyStarts } from './runs/daily-starts.js';
import { PinnedFlows } from './runs/pinned-flows.js';
import { interruptions } from './runs/interruptions.reactor.js';
import { RunStarter } from './runs/run-starter.js';
import { RunSuccessors } from './runs/run-successors.js';
import { runDeadlines, runTimerKinds } from './runs/run-timers.js';
import { silenceWatch } from './runs/silence.reactor.js';
import { silenceTimerKind } from './runs/silence-timer.js';
import { answerSteering } from './runs/steering-commands.js';
import { scheduleFirings } from './schedules/schedule-firings.js';
import { scheduleTimers } from './schedules/schedule-timers.reactor.js';
import { publishSkill } from './skills/publish-skill.js';
import { PublishedSkills } from './skills/published-skills.js';
import { Schedules } from './schedules/schedules.js';

/** Much less than reactions have that are under way at a stop. */
const LAST_CALLS_MS = 3_000;

export interface OrchestratorParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Asks other services; today billing, whether a run may start. */
  readonly client: CommandClient;
  /** Where it writes down what its functions do; left out: nowhere. */
  readonly telemetry?: Telemetry;
}

export interface OrchestratorOptions {
  /** The model providers that agents can use, besides `scripted`; a predicate may answer per workspace. Default: none. */
  readonly connectedProviders?: Iterable<string> | ProviderConnected;
  /** What steps with `function` call; a start that needs another is declined, and a step that meets none is blocked. Default: none. */
  readonly functions?: StepFunctions;
  /** How many of them are called at a time, at most; default 256. */
  readonly callsAtATime?: number;
  /** Default: none. */
  readonly log?: ConsumerLog;
  /** What flows may require by name. Default: nothing. */
  readonly available?: {
    readonly credentials?: Iterable<string>;
    readonly environments?: Iterable<string>;
    readonly integrations?: Iterable<string>;
  };
}

/** What this service answers, what it reacts to and what it does when time has come, without a framework. */
export class Orchestrator {
  readonly #environments: ReadonlySet<string>;
  readonly #starter: RunStarter;
  readonly #successors: RunSuccessors;
  readonly #preflight: PreflightDesk;
  readonly #connected: ConnectedIntegrations;
  readonly #functions: StepFunctions;
  readonly #callsAtATime: number;
  readonly #calls: CallObserver;
  readonly #ending = new AbortController();

  constructor(
    private readonly parts: OrchestratorParts,
    options: OrchestratorOptions = {},
  ) {
    const { store, handler: commands, client } = parts;
    this.#connected = new ConnectedIntegrations(store);
    const available = availableFrom(options);
    this.#environments = available.environments;
    const { functions = {}, callsAtATime = 256, log = SILENT } = options;
    this.#functions = functions;
    this.#callsAtATime = callsAtATime;
    this.#calls = new CallObserver({ telemetry: parts.telemetry ?? silentTelemetry(), log, store, functions });
    const checks = new StartChecks(store, available, this.#connected);
    this.#starter = new RunStarter({ store, commands, checks, dailyStarts: new DailyStarts(client) });
    this.#successors = new RunSuccessors({ commands, starter: this.#starter, checks });
    this.#preflight = new PreflightDesk(checks, client, commands);
  }

  answer(commands: CommandRegistry): void {
    const { handler, store } = this.parts;
    const published = { commands: handler, skills: new PublishedSkills(store), readers: new FlowReaders() };
    commands.answer(PublishFlow, (input, context) => publishFlow(published, input, context));
    commands.answer(PublishSkill, (input, context) => publishSkill(handler, input, context));
    commands.answer(StartRun, (input, context) => this.#starter.start(input, context));
    commands.answer(Preflight, (input, context) => this.#preflight.look(input, context));
    commands.answer(ReportEnvironment, (input, context) =>
      reportEnvironment({ commands: handler, known: this.#environments }, input, context),
    );
    commands.answer(CancelRun, (input, context) => cancelRun(handler, input, context));
    new Schedules({ handler, flows: new PinnedFlows(store), starter: this.#starter }).answer(commands);
    new EventTriggerDesk(handler, new PinnedFlows(store)).answer(commands);
    answerSteering(commands, handler, this.#successors);
  }

  reactors(): Reactor[] {
    const { handler, store, clock, timers } = this.parts;
    const silence = silenceWatch({ commands: handler, timers });
    const ends = [
      attemptEnds(handler, clock),
      interruptions(handler, clock),
      gateDecisions(handler, clock),
      budgetHolds(handler, clock),
      functionCalls({
        ...{ commands: handler, store, clock },
        functions: this.#functions,
        atATime: this.#callsAtATime,
        observer: this.#calls,
        ending: this.#ending.signal,
      }),
    ];
    const queues = [queueMoves(handler, clock), queueTurns(handler, clock)];
    const connected = this.#connected;
    const needs = [needsOfSteps({ commands: handler, store, clock, connected }), runsGoOn(handler, clock)];
    const watches = [silence, environmentWatch(timers)];
    const standing = new StandingTriggers(store);
    const triggers = eventTriggerReactor({ standing, commands: handler, starter: this.#starter, clock });
    return [...ends, ...queues, ...needs, ...watches, runDeadlines(timers), scheduleTimers(timers), triggers];
  }

  /** From now on functions that are being called have a moment left; those that are not done then are called again elsewhere. */
  end(): void {
    setTimeout(() => this.#ending.abort(), LAST_CALLS_MS).unref();
  }

  timerKinds(): TimerKind[] {
    const { store, handler, timers } = this.parts;
    const silence = silenceTimerKind({ store, commands: handler, timers });
    const environments = environmentTimerKind({ commands: handler, timers });
    return [
      ...runTimerKinds(handler),
      silence,
      environments,
      scheduleFirings({ handler, timers, starter: this.#starter }),
    ];
  }
}

function availableFrom({ connectedProviders = [], available = {}, functions = {} }: OrchestratorOptions): Available {
  return {
    provider: connected(connectedProviders),
    credentials: new Set(available.credentials),
    environments: new Set(available.environments),
    integrations: new Set(available.integrations),
    functions: new Set(Object.keys(functions)),
  };
}

function connected(providers: Iterable<string> | ProviderConnected): ProviderConnected {
  if (typeof providers === 'function') return providers;
  const names = new Set(providers);
  return provider => names.has(provider);
}
