import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Consumers } from './consumers.js';
import type { ConsumerKind, ConsumerReport } from './consumers.js';
import { OpenToAll } from './open-to-all.js';
import { Readiness } from './readiness.js';

/** What a reply must be able to do; Fastify's is one. */
interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): unknown;
}

/** `GET /health/live`: the process answers. `GET /health/ready`: it can do its work, or 503 and what is in the way. */
@Controller('health')
export class HealthRoutes {
  constructor(
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(Consumers) private readonly consumers: Consumers,
  ) {}

  @Get('live')
  @OpenToAll()
  live() {
    return { status: 'live' };
  }

  @Get('ready')
  @OpenToAll()
  async ready(@Res() reply: Reply): Promise<void> {
    const [report, consumers] = await Promise.all([this.readiness.report(), this.#consumers()]);
    await reply
      .status(report.status === 'ready' ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({
        ...report,
        projections: consumers('projection'),
        reactors: consumers('reactor'),
        relays: consumers('relay'),
      });
  }

  /** While the log cannot be read nobody knows the lag; the rest is said all the same. */
  async #consumers(): Promise<(kind: ConsumerKind) => unknown[]> {
    const reports = await this.consumers.report().catch(() => this.consumers.statuses());
    return kind => reports.filter(report => report.kind === kind).map(shown);
  }
}

/** Without particulars of events, and without messages: this page is open to all. */
function shown({ status, ...behind }: Pick<ConsumerReport, 'status'> & Partial<ConsumerReport>) {
  const { name, state, position, fault, partitions, parked } = status;
  const at = fault && { position: String(fault.position), eventType: fault.eventType, code: fault.code };
  return {
    name,
    state,
    position: String(position),
    ...(behind.lag !== undefined && { lag: String(behind.lag), lagSeconds: behind.lagSeconds }),
    ...(partitions !== undefined && { partitions: partitions.length }),
    ...(parked !== undefined && parked > 0 && { parked }),
    ...(at && { fault: at }),
  };
}
