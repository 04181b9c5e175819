import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ReactorHost, type ConsumerStatus } from '@runledger/messaging';
import { Readiness } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { OpenToAll } from '../access/requires.js';
import { positionText } from '../graph/position-text.js';
import { ReadModels } from '../reads/read-models.js';

/** `GET /health/live`: the process answers. `GET /health/ready`: it can do its work, or 503 and what is in the way. */
@Controller('health')
export class HealthRoutes {
  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(ReadModels) private readonly readModels: ReadModels,
    @Inject(ReactorHost) private readonly reactors: ReactorHost,
  ) {}

  @Get('live')
  @OpenToAll()
  live() {
    return { status: 'live' };
  }

  @Get('ready')
  @OpenToAll()
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const report = await this.readiness.report();
    await reply
      .status(report.status === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({
        ...report,
        projections: this.readModels.status().map(shown),
        reactors: this.reactors.status().map(shown),
      });
  }
}

/** Without the events' particulars: this page is open to all. */
function shown({ name, state, position, fault }: ConsumerStatus) {
  const at = fault && { position: positionText(fault.position), eventType: fault.eventType };
  return { name, state, position: positionText(position), ...(at && { fault: at }) };
}
