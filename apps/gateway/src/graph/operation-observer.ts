import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { Plugin } from '@nestjs/apollo';
import { Inject } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import {
  ATTRIBUTE,
  boundCounter,
  boundHistogram,
  currentSpan,
  inSpan,
  secondsSince,
  TELEMETRY,
} from '@runledger/platform';
import type { Telemetry } from '@runledger/platform';
import { getOperationAST } from 'graphql';
import type { ExecutionArgs, GraphQLFormattedError, OperationDefinitionNode } from 'graphql';

type Outcome = 'ok' | 'errors' | 'failed';
interface Answer {
  readonly errors?: readonly unknown[] | undefined;
}

/** Counts, times and names GraphQL operations, however they come. Names that clients choose go into spans only. */
@Plugin()
export class OperationObserver implements ApolloServerPlugin {
  readonly #durations;
  readonly #errors;

  constructor(@Inject(TELEMETRY) private readonly telemetry: Telemetry) {
    const { metrics } = telemetry;
    this.#durations = boundHistogram(metrics.histogram('graphqlDuration'), 'type', 'outcome');
    this.#errors = boundCounter(metrics.counter('graphqlErrors'), 'code');
  }

  /** Of HTTP: the request's span becomes the operation's. */
  requestDidStart(): Promise<GraphQLRequestListener<object>> {
    const startedMs = performance.now();
    let type = 'unread';
    return Promise.resolve({
      didResolveOperation: ({ operation }) => {
        type = operation?.operation ?? type;
        const span = currentSpan();
        span?.updateName(`graphql ${type}`);
        span?.setAttributes(attributesOf(operation));
        return Promise.resolve();
      },
      willSendResponse: ({ response: { body } }) => {
        const errors = body.kind === 'single' ? body.singleResult.errors : undefined;
        this.sawErrors(errors ?? []);
        this.#durations.of(type, errors ? 'errors' : 'ok').observe(secondsSince(startedMs));
        return Promise.resolve();
      },
    });
  }

  /** Of sockets, whose operations belong to no request; of a subscription until it is open. */
  async operation<Result>(args: ExecutionArgs, work: () => Result | Promise<Result>): Promise<Result> {
    const operation = getOperationAST(args.document, args.operationName);
    const type = operation?.operation ?? 'unread';
    const startedMs = performance.now();
    let outcome: Outcome = 'failed';
    const options = {
      tracer: this.telemetry.tracer,
      kind: SpanKind.SERVER,
      parent: 'none' as const,
      attributes: attributesOf(operation),
    };
    try {
      const result = await inSpan(`graphql ${type}`, options, () => Promise.resolve(work()));
      outcome = (result as Answer).errors ? 'errors' : 'ok';
      return result;
    } finally {
      this.#durations.of(type, outcome).observe(secondsSince(startedMs));
    }
  }

  /** Shows what is open whenever the metrics are read. */
  showOpen(count: () => { readonly sockets: number; readonly subscriptions: number }): void {
    const { metrics } = this.telemetry;
    const [sockets, subscriptions] = [metrics.gauge('socketsOpen'), metrics.gauge('subscriptionsOpen')];
    metrics.sample('sockets', () => {
      const open = count();
      sockets.set(open.sockets);
      subscriptions.set(open.subscriptions);
    });
  }

  /** Errors as they are shown: their codes are ours, and few. */
  sawErrors(errors: readonly GraphQLFormattedError[]): void {
    for (const { extensions } of errors) {
      const code = extensions?.['code'];
      this.#errors.of(typeof code === 'string' ? code : 'NONE').inc();
    }
  }
}

function attributesOf(operation: OperationDefinitionNode | null | undefined) {
  return {
    ...(operation && { [ATTRIBUTE.graphqlType]: operation.operation }),
    ...(operation?.name && { [ATTRIBUTE.graphqlName]: operation.name.value }),
  };
}
