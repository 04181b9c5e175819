import { flowSchema } from '@runledger/contracts';
import { OpenToAll } from '@runledger/platform';
import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** `GET /schemas/flow.json`: the JSON Schema of flow documents, for editors. It holds no data, so it asks for no token. */
@Controller('schemas')
export class FlowSchemaRoutes {
  readonly #schema = JSON.stringify(flowSchema(), undefined, 2);

  @Get('flow.json')
  @OpenToAll()
  async flow(@Res() reply: FastifyReply): Promise<void> {
    await reply
      .header('content-type', 'application/schema+json; charset=utf-8')
      .header('cache-control', 'public, max-age=300')
      .header('x-content-type-options', 'nosniff')
      .send(this.#schema);
  }
}
