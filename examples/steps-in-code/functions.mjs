// The functions that steps of flows call: ORCHESTRATOR_FUNCTIONS=examples/steps-in-code/functions.mjs npm start
// TRACKER_URL is where tickets are opened.

export default {
  /** Opens a ticket, once: the tracker drops a repeat by its key. */
  'open-ticket': async ({ title, labels = [] }, { idempotencyKey, signal }) => {
    const address = process.env.TRACKER_URL;
    if (!address) {
      throw Object.assign(new Error('No tracker is set up.'), {
        code: 'ENVIRONMENT', // the step is blocked, and goes on when somebody resumes the run
        fix: 'Set TRACKER_URL for the orchestrator, then resume the run.',
      });
    }
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify({ title, labels }),
      signal,
    });
    if (!response.ok) throw new Error(`The tracker answered ${response.status}.`);
    const ticket = await response.json();
    return { summary: `Opened ${ticket.id}.`, output: ticket };
  },
};
