import { StartRun, executionMode, checkpointMode, json, slug, stepKey, subject } from '@runledger/contracts';
import { Body, Controller, Headers, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { Requires } from '../access/requires.js';
import { CallerOf } from '../graph/graph-context.js';
import { CommandDesk } from '../reads/command-desk.js';
import { fitting } from '../reads/fitting.js';
import { replyWithStart } from './start-reply.js';

const choices = {
  profile: slug.optional(),
  execution: executionMode.optional(),
  checkpointMode: checkpointMode.optional(),
};

const triggerBody = z.strictObject({
  flow: z.string().min(1).max(200),
  version: z.int().positive().optional(),
  onlyStep: stepKey.optional(),
  parameters: z.record(z.string(), json).default({}),
  ...choices,
  /** The same three in an object of their own, as GraphQL shows them. */
  choices: z.strictObject(choices).optional(),
  subject: subject.optional(),
});

/** `POST /api/v1/trigger`: starts a run from a program. */
@Controller('api/v1/trigger')
export class TriggerRoutes {
  constructor(@Inject(CommandDesk) private readonly desk: CommandDesk) {}

  @Post()
  @Requires('flows.run')
  async trigger(
    @Body() body: unknown,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @CallerOf() caller: Caller,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { profile, execution, checkpointMode: mode, choices: chosen, ...rest } = fitting(triggerBody, body);
    const choices = {
      ...chosen,
      ...(profile !== undefined && { profile }),
      ...(execution !== undefined && { execution }),
      ...(mode !== undefined && { checkpointMode: mode }),
    };
    const key = idempotencyKey === undefined ? {} : { idempotencyKey };
    const command = { ...rest, choices, trigger: { kind: 'api' as const, ref: caller.tokenId }, ...key };
    const outcome = await this.desk.send(StartRun, fitting(StartRun.input, command), caller);
    await replyWithStart(reply, outcome);
  }
}
