import type { AgentWork, AttemptEvent } from '@runledger/contracts';
import { ModelVendor } from '@runledger/testing';
import type { VendorAnswer } from '@runledger/testing';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { SandboxGround } from '../driver/sandbox.fixture.js';
import { NO_CREDENTIALS } from '../integrations/credentials.js';
import type { Connection } from '../integrations/credentials.js';
import { runAgentStep } from './agent-step.js';
import type { AgentSettings } from './agent-step.js';
import { operatorsConnection } from './operator-providers.js';
import { openModel } from './providers.js';

export const KEY = 'sk-test-0123456789';
export const VENDORS = ['anthropic', 'openai-compatible'] as const;

type Of<Type extends AttemptEvent['type']> = Extract<AttemptEvent, { type: Type }>['data'];

export function dataOf<Type extends AttemptEvent['type']>(events: readonly AttemptEvent[], type: Type): Of<Type>[] {
  return events.filter(event => event.type === type).map(event => event.data) as Of<Type>[];
}

/** A sandbox service whose agents ask a vendor that answers as it is told to. */
export class VendorGround {
  #models = 0;

  private constructor(
    readonly ground: Ground,
    readonly vendor: ModelVendor,
    private readonly sandboxes: SandboxGround,
  ) {}

  static async make(): Promise<VendorGround> {
    const own = new VendorGround(await Ground.make(), await ModelVendor.start(), new SandboxGround());
    await own.#serve();
    return own;
  }

  async giveBack(): Promise<void> {
    await this.ground.giveBack();
    await this.sandboxes.giveBack();
    await this.vendor.close();
  }

  /** An attempt whose model gives these answers, one after the other. */
  async start(provider: (typeof VENDORS)[number], answers: [VendorAnswer, ...VendorAnswer[]]) {
    const model = `model-${(this.#models += 1)}`;
    this.vendor.answers(model, ...answers);
    const agent: AgentWork = { provider, model, prompt: 'Say hello.', instructions: 'Be kind.' };
    return { ready: await this.ground.ready({ runId: newRunId(), agent }), model };
  }

  /** The same up to its end. */
  async play(provider: (typeof VENDORS)[number], answers: [VendorAnswer, ...VendorAnswer[]]) {
    const { ready, model } = await this.start(provider, answers);
    const ended = await this.ground.end(ready);
    const events = await this.ground.transcript(ready);
    expect(JSON.stringify(events)).not.toContain(KEY);
    return { ended, events, requests: this.vendor.requestsFor(model) };
  }

  async #serve(): Promise<void> {
    const { url } = this.vendor;
    const providers = {
      anthropic: { apiKey: KEY, baseUrl: url },
      openaiCompatible: { baseUrl: url, apiKey: KEY },
    };
    const ollama: Connection = {
      ...{ name: 'ollama', kind: 'openai-compatible', secrets: {} },
      settings: { baseUrl: url, local: 'yes' },
    };
    const gone = { ...ollama, name: 'gone', settings: { baseUrl: 'http://127.0.0.1:1/v1', local: 'yes' } };
    const retries = { rate_limited: 2, overloaded: 2, connection_lost: 2 };
    const settings: AgentSettings = {
      open: openModel,
      patience: { retries, firstPauseMs: 20, longestSleepMs: 1_500, longestPauseMs: 60_000 },
      modelCallMs: 4_000,
    };
    await this.ground.service({
      work: run => runAgentStep(settings, run, run.attempt.ready.agent!),
      credentials: () => ({
        ...NO_CREDENTIALS,
        connection: (kind, name) =>
          Promise.resolve([ollama, gone].find(own => own.name === name) ?? operatorsConnection(providers, kind)),
      }),
      drivers: [this.sandboxes.driver],
    });
  }
}
