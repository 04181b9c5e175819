import { approvalDecision } from '@runledger/contracts';
import { isRejection, type Rejection } from '@runledger/kernel';
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { OpenToAll } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ApprovalReader } from '../approvals/approval-reader.js';
import { ReadModels } from '../reads/read-models.js';
import { decisionPage, DECISION_PAGE_SECURITY, wordsPage } from './decision-page.js';
import { LetterLinks, unknownLink } from './letter-links.js';
import { OutsideDecisions } from './outside-decisions.js';

const form = z.object({
  ticket: z.string().max(4_000),
  decision: approvalDecision.exclude(['FAIL']),
  answer: z.string().max(100_000).optional(),
  comment: z.string().max(10_000).optional(),
});

/**
 * `/api/v1/decisions/:channelId`: where links of letters lead. A GET shows the request and decides nothing, because programs follow
 * links in mail; the form posts the decision. The sealed ticket is what lets in, so there is no cookie that another page could use.
 */
@Controller('api/v1/decisions')
export class DecisionRoutes {
  constructor(
    @Inject(LetterLinks) private readonly links: LetterLinks,
    @Inject(ApprovalReader) private readonly approvals: ApprovalReader,
    @Inject(OutsideDecisions) private readonly decisions: OutsideDecisions,
    @Inject(ReadModels) private readonly readModels: ReadModels,
  ) {}

  @Get(':channelId')
  @OpenToAll()
  async page(
    @Param('channelId') channelId: string,
    @Query('ticket') sealed: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const proven = await this.links.proven(channelId, typeof sealed === 'string' ? sealed : '');
    if (isRejection(proven)) return sendRefusal(reply, proven);
    const request = await this.approvals.find(proven.caller, proven.ticket.requestId);
    if (!request) return sendRefusal(reply, unknownLink());
    await send(reply, 200, decisionPage(request, sealed ?? '', proven.ticket.shownHash));
  }

  @Post(':channelId')
  @OpenToAll()
  async decide(
    @Param('channelId') channelId: string,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const given = form.safeParse(body);
    if (!given.success) return sendRefusal(reply, unknownLink());
    const { ticket: sealed, ...said } = given.data;
    const proven = await this.links.proven(channelId, sealed);
    if (isRejection(proven)) return sendRefusal(reply, proven);
    const { requestId, shownHash } = proven.ticket;
    const outcome = await this.decisions.decide({ requestId, shownHash, ...said }, sealed, proven.caller);
    if (outcome.status === 'refused') return sendRefusal(reply, outcome.refusal);
    // Whoever follows the link again sees what was decided, and no form.
    if (outcome.position !== undefined) await this.readModels.reach(outcome.position, ['approvals']);
    const text =
      outcome.decision === undefined ? 'Your vote counts; more are needed.' : `Decided: ${outcome.decision}.`;
    await send(reply, 200, wordsPage('Thank you', text));
  }
}

const STATUS: Readonly<Record<string, number>> = {
  UNKNOWN_LINK: 404,
  LINK_EXPIRED: 410,
  UNAUTHENTICATED: 403,
  FORBIDDEN: 403,
  NOT_AN_APPROVER: 403,
  STARTER_EXCLUDED: 403,
};

function sendRefusal(reply: FastifyReply, { rejected, message, fix = '' }: Rejection): Promise<void> {
  return send(reply, STATUS[rejected] ?? 409, wordsPage('Nothing was decided', `${message} ${fix}`));
}

async function send(reply: FastifyReply, status: number, html: string): Promise<void> {
  await reply.status(status).headers(DECISION_PAGE_SECURITY).type('text/html; charset=utf-8').send(html);
}
