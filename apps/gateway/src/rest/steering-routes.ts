import { startDeclines, type RefusalOf, type StartRun } from '@runledger/contracts';
import { Body, Controller, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { positionText } from '../graph/position-text.js';
import { fitting } from '../reads/fitting.js';
import { declineStatus } from './decline-status.js';
import { SteeringDesk, type Steered, type SteeringVerb } from '../runs/steering-desk.js';

/** Fields of the command without the run, which is in the address; an empty body is an empty object. */
const steeringBody = z.record(z.string(), z.unknown()).nullish();

/** What verbs are taken to mean when the body does not say. */
const LEFT_OUT: Partial<Record<SteeringVerb, Readonly<Record<string, string>>>> = {
  cancel: { mode: 'GRACEFUL' },
  retry: { from: 'FAILED_STEP', version: 'SAME', mode: 'IN_PLACE' },
  rerun: { version: 'SAME' },
};

interface Request {
  readonly runId: string;
  readonly body: unknown;
  readonly caller: Caller;
  readonly reply: FastifyReply;
}

/** `POST /api/v1/runs/:id/:verb`: steers a run from a program; the same commands and rights as the mutations. */
@Controller('api/v1/runs')
export class SteeringRoutes {
  constructor(@Inject(SteeringDesk) private readonly desk: SteeringDesk) {}

  @Post(':id/pause')
  @Requires('flows.run')
  pause(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('pause', { runId, body, caller, reply });
  }

  @Post(':id/resume')
  @Requires('flows.run')
  resume(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('resume', { runId, body, caller, reply });
  }

  @Post(':id/cancel')
  @Requires('flows.run')
  cancel(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('cancel', { runId, body, caller, reply });
  }

  @Post(':id/retry')
  @Requires('flows.run')
  retry(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('retry', { runId, body, caller, reply });
  }

  @Post(':id/retry-step')
  @Requires('flows.run')
  retryStep(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('retryStep', { runId, body, caller, reply });
  }

  @Post(':id/skip-step')
  @Requires('flows.run')
  skip(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('skip', { runId, body, caller, reply });
  }

  @Post(':id/force-advance')
  @Requires('flows.force')
  force(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('forceAdvance', { runId, body, caller, reply });
  }

  @Post(':id/rerun-from-step')
  @Requires('flows.run')
  rerun(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('rerun', { runId, body, caller, reply });
  }

  @Post(':id/discard')
  @Requires('flows.run')
  discard(@Param('id') runId: string, @Body() body: unknown, @CallerOf() caller: Caller, @Res() reply: FastifyReply) {
    return this.#steer('discard', { runId, body, caller, reply });
  }

  async #steer(verb: SteeringVerb, { runId, body, caller, reply }: Request): Promise<void> {
    const input = { ...LEFT_OUT[verb], ...fitting(steeringBody, body), runId };
    await answer(reply, await this.desk.steer(verb, input, caller));
  }
}

async function answer(reply: FastifyReply, outcome: Steered): Promise<void> {
  if (outcome.status === 'refused') {
    const { rejected, message, fix, details } = outcome.refusal;
    const error = { code: rejected, message, fix, details: details ?? [] };
    await reply.status(statusOf(rejected)).send({ error });
    return;
  }
  const { run, isNew } = outcome;
  const position = outcome.position === undefined ? undefined : positionText(outcome.position);
  await reply.status(isNew ? 202 : 200).send({ runId: run.id, status: run.status, created: isNew, position });
}

/** What the state of the run stands against is a conflict; what a start is declined for is told as `/api/v1/trigger` tells it. */
function statusOf(code: string): number {
  switch (code) {
    case 'RUN_NOT_FOUND':
    case 'STEP_NOT_FOUND':
      return 404;
    case 'NOT_POSSIBLE':
    case 'RUN_ENDED':
      return 409;
    default:
      return isDecline(code) ? declineStatus(code) : 422;
  }
}

function isDecline(code: string): code is RefusalOf<typeof StartRun> {
  return (startDeclines as readonly string[]).includes(code);
}
