import { RunEventsDocument, RunledgerClient, TranscriptDocument } from '@runledger/client';
import { WebSocket } from 'ws';

/** Items that were written before the socket had been open for so long were made up for, and say nothing about how soon one comes. */
const SETTLED_NS = 1_000_000_000n;

/** One client of the platform, as a front end has one; its socket can be cut, and stopped from reading. */
export class Reader {
  items = 0;
  lagged = 0;
  expired = 0;
  lateMs = [];
  problem;
  #ids = [];
  #said = '';
  #socket;
  #openedAt = 0n;
  #cutAgain = false;
  #ending = new AbortController();

  constructor({ url, token, runId, isSlow, followsTranscript }) {
    Object.assign(this, { runId, isSlow, followsTranscript: followsTranscript && !isSlow });
    const onProblem = ({ code }) => (this.lagged += code === 'LAGGED' ? 1 : 0);
    this.client = new RunledgerClient({ url, token, onProblem, webSocket: this.#socketClass() });
    void this.#follow().catch(error => {
      if (error.code === 'CURSOR_EXPIRED') this.expired += 1;
      this.problem = error.code ?? error.message;
    });
  }

  cut(again) {
    this.#cutAgain = again;
    this.#socket?.terminate();
  }

  pause() {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  resume() {
    this.#socket?.resume();
  }

  stop() {
    this.#ending.abort();
  }

  hasAll(truth) {
    const { ids, said } = truth[this.runId];
    return this.followsTranscript ? this.#said.length >= said.length : this.#ids.length >= ids.length;
  }

  /** What is wrong with what came. */
  compare(truth) {
    const { ids, said } = truth[this.runId];
    if (this.followsTranscript) return { gaps: 0, repeats: 0, disorder: this.#said === said ? 0 : 1 };
    const seen = new Set(this.#ids);
    const gaps = ids.filter(id => !seen.has(id)).length;
    const repeats = this.#ids.length - seen.size;
    const isOther = gaps === 0 && repeats === 0 && this.#ids.some((id, n) => id !== ids[n]);
    return { gaps, repeats, disorder: isOther ? 1 : 0 };
  }

  async #follow() {
    const { client, runId } = this;
    if (this.followsTranscript) {
      for await (const { transcript } of client.subscribe(TranscriptDocument, { runId }, this.#ending)) {
        this.items += 1;
        for (const { text } of transcript.entries) this.#heard(text ?? '');
      }
      return;
    }
    for await (const { runEvents } of client.subscribe(RunEventsDocument, { runId }, this.#ending)) {
      this.items += 1;
      this.#ids.push(runEvents.event.id);
      if (runEvents.event.type === 'AgentText') this.#note(runEvents.event.data.text);
    }
  }

  #heard(text) {
    this.#said += text;
    for (const written of text.split(';')) if (written !== '') this.#note(written);
  }

  #note(text) {
    if (this.isSlow) return;
    const [, writtenAt] = /^(\d+)/.exec(text) ?? [];
    if (writtenAt === undefined || BigInt(writtenAt) < this.#openedAt + SETTLED_NS) return;
    this.lateMs.push(Number(process.hrtime.bigint() - BigInt(writtenAt)) / 1e6);
  }

  #socketClass() {
    const opened = socket => {
      this.#socket = socket;
      this.#openedAt = process.hrtime.bigint();
      if (!this.#cutAgain) return;
      this.#cutAgain = false;
      setTimeout(() => socket.terminate(), Math.random() * 20);
    };
    return class extends WebSocket {
      constructor(...options) {
        super(...options);
        this.once('open', () => opened(this));
      }
    };
  }
}
