import { CancelRun, PublishFlow, StartRun } from '@runledger/contracts';
import type { CommandHandler, EventStore } from '@runledger/event-store';
import type { Reactor } from '@runledger/messaging';
import type { Clock, CommandClient, CommandRegistry } from '@runledger/platform';
import type { TimerKind, Timers } from '@runledger/timers';
import { publishFlow } from './flows/publish-flow.js';
import type { ProviderConnected } from './preflight/requirement-problems.js';
import { StartChecks } from './preflight/start-checks.js';
import { attemptEnds } from './runs/attempt-ends.reactor.js';
import { cancelRun } from './runs/cancel-run.js';
import { gateDecisions } from './runs/gate-decisions.reactor.js';
import { DailyStarts } from './runs/daily-starts.js';
import { RunStarter } from './runs/run-starter.js';

export interface OrchestratorParts {
  readonly store: EventStore;
  readonly handler: CommandHandler;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Asks other services; today billing, whether a run may start. */
  readonly client: CommandClient;
}

export interface OrchestratorOptions {
  /** The model providers that agents can use, besides `scripted`; a predicate may answer per workspace. Default: none. */
  readonly connectedProviders?: Iterable<string> | ProviderConnected;
}

/** What this service answers, what it reacts to and what it does when time has come, without a framework. */
export class Orchestrator {
  readonly #starter: RunStarter;

  constructor(
    private readonly parts: OrchestratorParts,
    options: OrchestratorOptions = {},
  ) {
    const { store, handler: commands, client } = parts;
    const checks = new StartChecks(store, { provider: connected(options.connectedProviders ?? []) });
    this.#starter = new RunStarter({ store, commands, checks, dailyStarts: new DailyStarts(client) });
  }

  answer(commands: CommandRegistry): void {
    const { handler } = this.parts;
    commands.answer(PublishFlow, (input, context) => publishFlow(handler, input, context));
    commands.answer(StartRun, (input, context) => this.#starter.start(input, context));
    commands.answer(CancelRun, (input, context) => cancelRun(handler, input, context));
  }

  reactors(): Reactor[] {
    const { handler, clock } = this.parts;
    return [attemptEnds(handler, clock), gateDecisions(handler, clock)];
  }

  timerKinds(): TimerKind[] {
    return [];
  }
}

function connected(providers: Iterable<string> | ProviderConnected): ProviderConnected {
  if (typeof providers === 'function') return providers;
  const names = new Set(providers);
  return provider => names.has(provider);
}
