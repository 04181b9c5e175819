import { Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { OpenToAll } from '@runledger/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WebhookDeliveries } from '../webhooks/webhook-deliveries.js';
import { rawBodyOf } from './raw-body.js';
import { replyWithStart } from './start-reply.js';

/** `POST /api/v1/hooks/:id`: starts a run when a signed message comes. The signature is what lets it in, not a token. */
@Controller('api/v1/hooks')
export class HookRoutes {
  constructor(@Inject(WebhookDeliveries) private readonly deliveries: WebhookDeliveries) {}

  @Post(':id')
  @HttpCode(202)
  @OpenToAll()
  async take(
    @Param('id') webhookId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const header = (name: string) => [request.headers[name]].flat()[0];
    const outcome = await this.deliveries.take({ webhookId, header, body: rawBodyOf(request) });
    switch (outcome.kind) {
      case 'start':
        return replyWithStart(reply, outcome.outcome);
      case 'ignored':
        return void (await reply.status(202).send({ ignored: outcome.reason }));
      case 'refused': {
        const { status, code, message, fix, retryAfter } = outcome;
        if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
        return void (await reply.status(status).send({ error: { code, message, fix, details: [] } }));
      }
    }
  }
}
