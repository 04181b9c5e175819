import type { ApolloServerPlugin } from '@apollo/server';
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
