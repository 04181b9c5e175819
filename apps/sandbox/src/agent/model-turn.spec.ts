import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { AttemptPlace } from '../attempt/attempt-place.js';
import { Transcript } from '../attempt/transcript.js';
import { modelTurn } from './model-turn.js';

const place: AttemptPlace = { attemptId: 'attempt_turn', runId: 'run_turn', step: 'turn', attempt: 1 };
const SAID: LanguageModelV4StreamPart[] = [
  { type: 'text-start', id: '0' },
  { type: 'text-delta', id: '0', delta: 'Hello.' },
];

function transcriptOf(now = () => '2026-01-01T00:00:00.000Z'): Transcript {
  const nothing = (): Promise<void> => Promise.resolve();
  const sink = { record: nothing, end: nothing, close: () => undefined };
  return new Transcript(sink, { now }, { worker: 'turn', place, eager: true });
}

function modelOf(doStream: LanguageModelV4['doStream']): LanguageModelV4 {
  const doGenerate = () => Promise.reject(new TypeError('It only streams.'));
  return { specificationVersion: 'v4', provider: 'test', modelId: 'test', supportedUrls: {}, doGenerate, doStream };
}

/** Says something and then nothing more, whatever happens to its signal. */
function stalled(onCancel: (reason: unknown) => void = () => undefined): LanguageModelV4 {
  const start = (parts: ReadableStreamDefaultController<LanguageModelV4StreamPart>) =>
    SAID.forEach(part => parts.enqueue(part));
  return modelOf(() => Promise.resolve({ stream: new ReadableStream({ start, cancel: onCancel }) }));
}

function turn(model: LanguageModelV4, { signal = new AbortController().signal, timeoutMs = 10_000 } = {}) {
  const asked = { instructions: undefined, messages: [{ role: 'user', content: 'Hi.' } as const], tools: [] };
  return { ...asked, model, maxOutputTokens: 100, timeoutMs, signal, entryPrefix: 'turn' };
}

describe('a turn of a model', () => {
  it.each([
    ['answers nothing', modelOf(() => new Promise(() => undefined))],
    ['stops speaking', stalled()],
  ])('is not waited for that %s and does not listen', async (_how, model) => {
    const outcome = await modelTurn(turn(model, { timeoutMs: 20 }), transcriptOf());
    const fault = { code: 'connection_lost', message: 'The provider did not answer in time.' };
    expect(outcome).toEqual({ status: 'failed', fault, usage: undefined });
  });

  it('is left at once when its attempt is stopped, and the provider is told', async () => {
    const attempt = new AbortController();
    const stop = new Error('Stopped.');
    const cancelled = jest.fn();
    setTimeout(() => attempt.abort(stop), 20);
    const outcome = await modelTurn(turn(stalled(cancelled), { signal: attempt.signal }), transcriptOf());
    expect(outcome).toEqual({ status: 'aborted', usage: undefined });
    expect(cancelled).toHaveBeenCalledWith(stop);
  });

  it('does not ask at all when its attempt is stopped before', async () => {
    const doStream = jest.fn(() => new Promise<never>(() => undefined));
    const outcome = await modelTurn(turn(modelOf(doStream), { signal: AbortSignal.abort() }), transcriptOf());
    expect(outcome.status).toBe('aborted');
    expect(doStream).not.toHaveBeenCalled();
  });

  it('passes on what is wrong with its transcript: that is nothing that a provider did', async () => {
    const wrong = new Error('Nobody knows the time.');
    const transcript = transcriptOf(() => {
      throw wrong;
    });
    const cancelled = jest.fn();
    await expect(modelTurn(turn(stalled(cancelled)), transcript)).rejects.toBe(wrong);
    expect(cancelled).toHaveBeenCalled();
  });
});
