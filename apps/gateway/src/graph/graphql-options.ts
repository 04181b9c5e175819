import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import type { GatewayOptions } from '../gateway.config.js';
import { gatewayTypeDefs } from './gateway-schema.js';
import type { GraphContext } from './graph-context.js';
import { MAX_TOKENS, operationLimits } from './operation-limits.js';
import { scalarResolvers } from './scalars.js';
import { shownError } from './shown-errors.js';
import { httpStatusPlugin, notKeptPlugins, socketsOnlyPlugin } from './http-status-plugin.js';

interface HttpRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** How GraphQL is served over HTTP. Sockets have their own server, with the same limits. */
export function graphqlOptions({
  introspection = true,
  typeDefs = [],
}: Pick<GatewayOptions, 'introspection' | 'typeDefs'>): ApolloDriverConfig {
  const limits = operationLimits(introspection);
  return {
    driver: ApolloDriver,
    path: '/graphql',
    typeDefs: [gatewayTypeDefs(), ...typeDefs],
    resolvers: scalarResolvers,
    context: (request: HttpRequest): GraphContext => ({
      authorization: single(request.headers['authorization']),
      atLeast: single(request.headers['x-at-least-position']),
    }),
    introspection,
    graphiql: false,
    csrfPrevention: true,
    cache: 'bounded',
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    preserveHttpStatusForExecutionErrors: false,
    autoTransformHttpErrors: false,
    formatError: shownError,
    parseOptions: { maxTokens: MAX_TOKENS },
    validationRules: limits.validationRules,
    plugins: [...limits.plugins, httpStatusPlugin, socketsOnlyPlugin, ...notKeptPlugins] as NonNullable<
      ApolloDriverConfig['plugins']
    >,
  };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
