import { token } from './session.js';

/** An error as the API words it. */
export class ApiError extends Error {
  constructor({ message, extensions }) {
    super(message);
    this.code = extensions?.code;
    this.fix = extensions?.fix;
  }
}

export async function query(text, variables = {}) {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token()}` },
    body: JSON.stringify({ query: text, variables }),
  }).catch(unreachable);
  // What is no JSON comes from a proxy in between, or from a platform that is just ending.
  const { data, errors } = await response.json().catch(unreachable);
  if (errors) throw told(new ApiError(errors[0]));
  return data;
}

function unreachable() {
  const fix = 'It may be starting again. Try again in a moment.';
  throw new ApiError({ message: 'The platform cannot be reached.', extensions: { code: 'UNREACHABLE', fix } });
}

/** Wherever it is found out that the token counts no more, the whole page hears of it. */
function told(error) {
  if (error.code === 'UNAUTHENTICATED') dispatchEvent(new CustomEvent('token-ended', { detail: error }));
  return error;
}

const TOKEN_ENDED = { message: 'The token is not valid any more.', extensions: { code: 'UNAUTHENTICATED' } };

/**
 * Follows a subscription over `graphql-transport-ws`, and comes back with the last cursor when the connection breaks or this page
 * was too slow, so that nothing is missed and nothing comes twice. When the cursor has expired, what is shown is out of date:
 * `expired` begins again. Returns the function that ends it.
 */
export function follow(text, variables, options) {
  const { next, failed, connected = () => {}, received = () => {}, expired = () => location.reload() } = options;
  let socket;
  let cursor;
  let ended = false;
  let waitMs = 250;
  const open = () => {
    socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    const send = message => socket.send(JSON.stringify(message));
    socket.onopen = () => send({ type: 'connection_init', payload: { Authorization: `Bearer ${token()}` } });
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'ping') send({ type: 'pong' });
      if (message.type === 'connection_ack') {
        waitMs = 250;
        connected(true);
        const resumed = cursor === undefined ? variables : { ...variables, after: cursor };
        send({ id: '1', type: 'subscribe', payload: { query: text, variables: resumed } });
      }
      if (message.type === 'next') received(message.payload);
      if (message.type === 'next' && message.payload.data) {
        const [item] = Object.values(message.payload.data);
        cursor = item.cursor ?? item.resumeFrom ?? cursor;
        if (item.__typename === 'CursorExpired') {
          ended = true;
          expired(item);
        } else if (item.__typename !== 'Lagged') {
          next(item);
        }
      }
      const errors = message.type === 'error' ? message.payload : message.payload?.errors;
      if (errors) {
        ended = true;
        failed(told(new ApiError(errors[0])));
      }
    };
    socket.onclose = ({ code }) => {
      if (ended) return;
      connected(false);
      if (code === 4403 || code === 4430) return failed(told(new ApiError(TOKEN_ENDED)));
      setTimeout(() => ended || open(), waitMs);
      waitMs = Math.min(waitMs * 2, 5_000);
    };
  };
  open();
  return () => {
    ended = true;
    socket.close(1000);
  };
}
