import { client, methods, PROTOCOL_VERSION } from '@agentclientprotocol/sdk';
import type { ClientConnection, InitializeResponse, PromptResponse } from '@agentclientprotocol/sdk';
import { setTimeout as delay } from 'node:timers/promises';
import { AttemptPausedError } from '../attempt/stop-switch.js';
import type { StepRun } from '../attempt/step-run.js';
import { later } from '../runner/later.js';
import type { AgentProgram } from './agent-program.js';
import type { ProgramCalls } from './program-calls.js';
import { endedEarly, faultOf, isAnswered, ProgramFault, tooSlow } from './program-faults.js';
import type { ProgramPermissions } from './program-permissions.js';
import type { Listener } from './program-turn.js';

export interface Parties {
  readonly run: StepRun;
  readonly program: AgentProgram;
  readonly calls: ProgramCalls;
  readonly permissions: ProgramPermissions;
  /** What people know it as, how it is started, and what it needs of them. */
  readonly title: string;
  readonly command: string;
  readonly needs: string;
}

const ANSWER_MS = 60_000;
/** A program that was told to stop has this long to say that it has. */
const CANCEL_MS = 5_000;
const END_MS = 2_000;
const SILENT: Listener = { take: () => Promise.resolve() };

/** The Agent Client Protocol with one program: what is asked of it, what it tells, and every way in which that can end. */
export class Conversation {
  readonly #connection: ClientConnection;
  readonly #left = later<never>();
  #listener: Listener = SILENT;
  #told: Promise<void> = Promise.resolve();

  constructor(private readonly parties: Parties) {
    const { permissions, program } = parties;
    this.#left.promise.catch(() => undefined); // whoever waits for the program hears of it
    this.#connection = client({ name: 'runledger' })
      .onNotification(methods.client.session.update, ({ params }) =>
        this.#tell(() => this.#listener.take(params.update)),
      )
      .onRequest(methods.client.session.requestPermission, async ({ params }) => {
        await this.#told;
        return permissions.answer(params).catch((error: unknown) => this.#leave(error));
      })
      .connect(program.stream);
  }

  /**
   * Neither files nor terminals are offered: the program is in the sandbox and has its own hands there. Ours would be a second
   * way to the same files.
   */
  initialize(): Promise<InitializeResponse> {
    return this.ask('its greeting', agent =>
      agent.request(methods.agent.initialize, {
        protocolVersion: PROTOCOL_VERSION,
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false, auth: GATEWAY },
        clientInfo: { name: 'runledger', version: '1' },
      }),
    );
  }

  /** Throws `ProgramFault`, and the error of an answer as it is. */
  async ask<Answer>(
    what: string,
    request: (agent: ClientConnection['agent']) => Promise<Answer>,
    listener: Listener = SILENT,
  ): Promise<Answer> {
    this.#listener = listener;
    const { title, program } = this.parties;
    const late = delay(ANSWER_MS, undefined, { ref: false }).then(() => {
      throw tooSlow(title, what, ANSWER_MS, program.complaint);
    });
    const answer = await this.#answered(Promise.race([request(this.#connection.agent), late]));
    await this.#told;
    this.#listener = SILENT;
    return answer;
  }

  /** Resolves at the end of the turn; `listener` has heard everything by then. Throws what ends the attempt otherwise. */
  async prompt(sessionId: string, text: string, listener: Listener): Promise<PromptResponse> {
    const { run, calls, title, needs } = this.parties;
    this.#listener = {
      take: async update => {
        await listener.take(update);
        if (run.stop.pausing.aborted && !calls.busy) this.#left.reject(new AttemptPausedError());
      },
    };
    const over = new AbortController();
    const stopping = this.#cancelWhenStopped(sessionId, over.signal);
    const onPause = (): void => void this.#tell(() => Promise.resolve(this.#pauseBetweenCalls()));
    run.stop.pausing.addEventListener('abort', onPause, { once: true });
    try {
      const prompt = [{ type: 'text' as const, text }];
      const asked: Promise<PromptResponse> = this.#connection.agent.request(methods.agent.session.prompt, {
        sessionId,
        prompt,
      });
      const answer = await this.#answered(Promise.race([asked, stopping]));
      await this.#told;
      return answer;
    } catch (error) {
      throw isAnswered(error) ? faultOf(title, needs, error) : error;
    } finally {
      over.abort();
      run.stop.pausing.removeEventListener('abort', onPause);
      await this.#told;
      this.#listener = SILENT;
    }
  }

  cancel(sessionId: string): Promise<void> {
    return this.#connection.agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined); // it has ended
  }

  /** Ends what is asked of it with this error: it is about to be ended. */
  leave(error: unknown): void {
    this.#left.reject(asError(error));
  }

  close(): void {
    this.#connection.close();
  }

  #pauseBetweenCalls(): void {
    if (!this.parties.calls.busy) this.#left.reject(new AttemptPausedError());
  }

  /** One after the other, in the order in which they came. What goes wrong with one ends the conversation. */
  #tell(work: () => Promise<void>): void {
    this.#told = this.#told.then(work).catch((error: unknown) => this.#left.reject(asError(error)));
  }

  /** Nobody answers any more: the program is about to be ended. */
  #leave(error: unknown): Promise<never> {
    this.#left.reject(asError(error));
    return new Promise(() => undefined);
  }

  async #cancelWhenStopped(sessionId: string, over: AbortSignal): Promise<never> {
    const { signal } = this.parties.run.stop;
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { signal: over }));
    this.parties.run.stop.throwIfLeft();
    await this.cancel(sessionId);
    await delay(CANCEL_MS, undefined, { ref: false, signal: over });
    throw new ProgramFault('ERROR', { code: 'CANCELLED', message: `${this.parties.title} was stopped.` });
  }

  async #answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const { program, title, command } = this.parties;
    const ended = program.ended.then(end => {
      throw endedEarly(title, command, end);
    });
    ended.catch(() => undefined);
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, ended, this.#left.promise]);
    } catch (error) {
      if (!(error instanceof Error) || !isBroken(error)) throw error;
      // The connection is gone; why is known in a moment.
      await Promise.race([ended, delay(END_MS, undefined, { ref: false })]);
      throw new ProgramFault('ERROR', {
        code: 'AGENT_FAILED',
        message: `${title} cannot be understood: ${error.message}`,
      });
    }
  }
}

/** Programs that can use a key which they do not have are told where their requests get it. */
const GATEWAY = { _meta: { gateway: true } };

function isBroken(error: Error): boolean {
  return !isAnswered(error) && (error.message.includes('connection closed') || error.name === 'MessageTooLargeError');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
