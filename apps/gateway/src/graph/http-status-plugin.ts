import type { ApolloServerPlugin } from '@apollo/server';
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
