// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- who imports this package from its sources needs them, too
/// <reference path="./kafkajs-request-queue.d.ts" />
// Imported, not asked for at run time: in a bundle only so is it the class that the client uses.
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/** How often the client looks at its queue when nothing else tells it to. */
const LOOK_EVERY_MS = 10;

let repaired = false;

/**
 * kafkajs 2.2.4, the last release, writes "never throttled" as -1 and reckons a pause from it; Node 24 warns of each negative
 * pause on the operator's screen. Its next look at the queue does the same. Does so once, however often it is called.
 */
export function repairPauses(): void {
  if (repaired) return;
  repaired = true;
  const { prototype } = RequestQueue;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    const until = this.throttledUntil;
    this.throttledUntil = Math.max(until, Date.now() + LOOK_EVERY_MS);
    schedule.call(this);
    this.throttledUntil = until;
  };
}
