import { ReadSlackClick, TellInSlack, type OutputOf } from '@runledger/contracts';
import { newUuid, type CommandContext } from '@runledger/event-store';
import { isRejection } from '@runledger/kernel';
import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { CLOCK, COMMAND_CLIENT, OpenToAll, type Clock, type CommandClient } from '@runledger/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { rawBodyOf } from '../rest/raw-body.js';
import { NotificationReader } from './notification-reader.js';
import { OutsideDecisions } from './outside-decisions.js';

const SLACK = { kind: 'system', id: 'slack' } as const;

/** The value of a button is `<channel>.<ticket>`. */
const clicked = z.object({ actions: z.array(z.object({ value: z.string().max(4_000) })).min(1) });

type Click = OutputOf<typeof ReadSlackClick>;

interface Clicked {
  readonly token: string;
  readonly channelId: string;
  readonly context: CommandContext;
}

/** `POST /api/v1/slack/interactions`: where Slack says which button was clicked. Its signature is what lets it in, not a token. */
@Controller('api/v1/slack')
export class SlackRoutes {
  constructor(
    @Inject(COMMAND_CLIENT) private readonly commands: CommandClient,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(NotificationReader) private readonly reader: NotificationReader,
    @Inject(OutsideDecisions) private readonly decisions: OutsideDecisions,
  ) {}

  @Post('interactions')
  @HttpCode(200)
  @OpenToAll()
  async interaction(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = rawBodyOf(request).toString('utf8');
    const header = (name: string) => String([request.headers[name]].flat()[0] ?? '');
    const token = buttonIn(body) ?? '';
    const channelId = token.slice(0, Math.max(0, token.indexOf('.')));
    const channel = await this.reader.anybodys(channelId);
    const context = this.#context(channel?.workspaceId ?? 'ws_none');
    const signed = { timestamp: header('x-slack-request-timestamp'), signature: header('x-slack-signature') };
    const read = await this.commands.send(ReadSlackClick, { channelId, ...signed, body }, context);
    const click = { token, channelId, context };
    if (read.status === 'accepted') {
      await this.#decide(click, read.output);
    } else if (read.refusal.rejected === 'BAD_SIGNATURE' || read.refusal.rejected === 'STALE_TIMESTAMP') {
      const { rejected: code, message, fix } = read.refusal;
      return void (await reply.status(401).send({ error: { code, message, fix, details: [] } }));
    } else {
      const user = userIn(body);
      if (user !== undefined) await this.#tell(click, user, `${read.refusal.message} ${read.refusal.fix ?? ''}`);
    }
    await reply.status(200).send('');
  }

  /** What was decided shows in the message itself; only who clicked is told what stands in the way. */
  async #decide(click: Clicked, { slackUser, memberId, email, ...said }: Click): Promise<void> {
    const caller = await this.decisions.callerOf(click.context.workspaceId, { memberId, email }, 'slack');
    if (isRejection(caller)) return this.#tell(click, slackUser, `${caller.message} ${caller.fix ?? ''}`);
    const { decision } = said;
    if (decision === undefined) return;
    const outcome = await this.decisions.decide({ ...said, decision }, click.token, caller);
    if (outcome.status === 'accepted') return;
    const { message, fix = '' } = outcome.refusal;
    await this.#tell(click, slackUser, `${message} ${fix}`);
  }

  async #tell({ channelId, context }: Clicked, slackUser: string, text: string): Promise<void> {
    await this.commands.send(
      TellInSlack,
      { channelId, slackUser, text: text.trim() },
      { ...context, commandId: newUuid() },
    );
  }

  #context(workspaceId: string): CommandContext {
    const commandId = newUuid();
    return { commandId, workspaceId, actor: SLACK, occurredAt: this.clock.now(), correlationId: commandId };
  }
}

function payloadIn(body: string): unknown {
  try {
    return JSON.parse(new URLSearchParams(body).get('payload') ?? '');
  } catch {
    return undefined; // none of Slack's: it will not be signed either
  }
}

function buttonIn(body: string): string | undefined {
  return clicked.safeParse(payloadIn(body)).data?.actions[0]?.value;
}

function userIn(body: string): string | undefined {
  return z.object({ user: z.object({ id: z.string().max(40) }) }).safeParse(payloadIn(body)).data?.user.id;
}
