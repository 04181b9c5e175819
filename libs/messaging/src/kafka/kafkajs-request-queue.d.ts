/** A file of kafkajs that is none of its public ones, as far as it is repaired. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  class RequestQueue {
    /** In ms since 1970; -1: never. */
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}
