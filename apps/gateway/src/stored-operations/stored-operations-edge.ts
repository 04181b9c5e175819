import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { Plugin } from '@nestjs/apollo';
import { Inject, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { RequestError } from '../graph/request-errors.js';
import { StoredOperations, type DocumentAsked } from './stored-operations.js';

/**
 * Stored operations over HTTP: ids are exchanged for their documents before GraphQL sees the request, and whatever way a document came
 * in, it is looked for among the stored ones.
 */
@Plugin()
export class StoredOperationsEdge implements ApolloServerPlugin, OnModuleInit {
  constructor(
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(StoredOperations) private readonly stored: StoredOperations,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addHook('preValidation', (request, reply) => this.#exchange(request, reply));
  }

  requestDidStart(): Promise<GraphQLRequestListener<object>> {
    return Promise.resolve({
      didResolveOperation: ({ source }) => {
        this.#assertAllowed(source);
        return Promise.resolve();
      },
    });
  }

  /** Whatever came past the hook is caught before it is executed. */
  #assertAllowed(source: string): void {
    try {
      this.stored.assertAllowed(source);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const { message, status } = error;
      throw new GraphQLError(message, { originalError: error, extensions: { http: { status } } });
    }
  }

  /** Before anything is parsed: what is unknown shall cost us nothing. */
  async #exchange(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const [path] = request.url.split('?');
    if (path !== '/graphql') return undefined;
    const asked = request.method === 'POST' ? request.body : request.query;
    if (!isAsked(asked)) return undefined;
    try {
      const query = this.stored.documentOf(asked);
      if (query === undefined) return undefined;
      this.stored.assertAllowed(query);
      if (request.method === 'POST') request.body = exchanged(asked, query);
      return undefined;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const { code, message, fix, status } = error;
      return reply.status(status).send({ errors: [{ message, extensions: { code, fix } }] });
    }
  }
}

function isAsked(body: unknown): body is DocumentAsked {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** As if the document had been sent: to Apollo, a hash beside it would be a wish to have it stored. */
function exchanged({ documentId: _id, extensions, ...rest }: DocumentAsked, query: string): DocumentAsked {
  const { persistedQuery: _hash, documentId: _other, ...more } = (extensions ?? {}) as Record<string, unknown>;
  return { ...rest, query, ...(Object.keys(more).length > 0 && { extensions: more }) };
}
