// What the flow of tickets.fixture.ts calls: asks for a ticket, and says which process asks.

export default {
  'open-ticket': async ({ title }, { idempotencyKey, signal }) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey };
    const response = await fetch(process.env.TRACKER_URL, {
      method: 'POST',
      headers: { ...headers, 'x-process': String(process.pid) },
      body: JSON.stringify({ title }),
      signal,
    });
    const ticket = await response.json();
    return { summary: `Opened ${ticket.id}.`, output: ticket };
  },
};
