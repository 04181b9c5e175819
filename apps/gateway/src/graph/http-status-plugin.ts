import type { ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { RequestError } from './request-errors.js';
import { statusOf } from './shown-errors.js';

/** Requests of which no field could be answered carry the HTTP status of their first error, for clients that look no further. */
export const httpStatusPlugin: ApolloServerPlugin = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ errors, response }) => {
        const { body, http } = response;
        const data = body.kind === 'single' ? body.singleResult.data : undefined;
        const isEmpty = data == null || Object.values(data).every(value => value === null);
        const status = isEmpty ? errors?.map(statusOf).find(found => found !== undefined) : undefined;
        if (status !== undefined) http.status = status;
        return Promise.resolve();
      },
    }),
};

/**
 * What is answered is the caller's alone, and out of date the next moment. The server's own way to say so looks at each field of each
 * answer, which takes a tenth of the time of a large one; with it switched off nothing looks at fields one by one.
 */
export const notKeptPlugins: readonly ApolloServerPlugin[] = [
  ApolloServerPluginCacheControlDisabled(),
  {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: ({ response: { http } }) => {
          http.headers.set('cache-control', 'no-store');
          return Promise.resolve();
        },
      }),
  },
];

/** Subscriptions need a connection that stays: over HTTP their one answer would be none. */
export const socketsOnlyPlugin: ApolloServerPlugin = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ operation }) => {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) return Promise.resolve();
        throw new GraphQLError('', { originalError: overHttp(), extensions: { http: { status: 400 } } });
      },
    }),
};

function overHttp(): RequestError {
  return new RequestError(
    'BAD_USER_INPUT',
    'Subscriptions are answered on sockets only.',
    'Connect with WebSocket (`graphql-transport-ws`) to `/graphql`; events alone also come as `GET /api/v1/events`.',
  );
}
