import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OpenToAll } from '@runledger/platform';
import { ownFile, sendFile } from './page-files.js';

const FILES: ReadonlySet<string> = new Set([
  'audit-bundle.js',
  'channel-card.js',
  'channel-form.js',
  'channels-page.js',
  'console.css',
  'console.js',
  'cost-trend.js',
  'costs-page.js',
  'delivery-log.js',
  'download.js',
  'elements.js',
  'favicon.svg',
  'flows-page.js',
  'formats.js',
  'gate.js',
  'graphql.js',
  'inbox-page.js',
  'inbox.js',
  'moments.js',
  'parameter-form.js',
  'preflight.js',
  'queries.js',
  'run-page.js',
  'runs-page.js',
  'search-page.js',
  'session.js',
  'start-page.js',
  'starters.js',
  'steering.js',
  'timeline.js',
  'tool-structure.js',
  'transcript.js',
]);

/** `/`: the run console. Pages hold no data; what they show they ask for with the reader's token. */
@Controller()
export class ConsoleRoutes {
  @Get()
  @OpenToAll()
  async page(@Res() reply: FastifyReply): Promise<void> {
    await sendFile(reply, ownFile('console.html'));
  }

  @Get('favicon.ico')
  @OpenToAll()
  async favicon(@Res() reply: FastifyReply): Promise<void> {
    await sendFile(reply, ownFile('favicon.svg'));
  }

  @Get('console/:file')
  @OpenToAll()
  async file(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    if (!FILES.has(file)) throw new NotFoundException('There is no such file.');
    await sendFile(reply, ownFile(file));
  }
}
