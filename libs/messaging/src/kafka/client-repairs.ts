// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- who imports this package from its sources needs them, too
/// <reference path="./kafkajs-request-queue.d.ts" />
// Imported, not asked for at run time: in a bundle only so is it the class that the client uses.
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/** How often the client looks at its queue when nothing else tells it to. */
const LOOK_EVERY_MS = 10;

let repaired = false;

/**
 * kafkajs 2.2.4, the last release, writes "never throttled" as -1 and reckons a pause from it; Node 24 warns of each negative
 * pause on the operator's screen. Pauses are reckoned here instead. Does so once, however often it is called.
 */
export function repairPauses(): void {
  if (repaired) return;
  repaired = true;
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.throttleCheckTimeoutId) return;
    const look = () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    };
    const throttledMs = this.throttledUntil - Date.now();
    this.throttleCheckTimeoutId = setTimeout(look, Math.max(throttledMs, LOOK_EVERY_MS));
  };
}
