import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OpenToAll } from '@runledger/platform';
import { ownFile, sendFile } from './page-files.js';

const FILES: ReadonlyMap<string, string> = new Map([
  ['catalogue.css', 'catalogue.css'],
  ['catalogue.js', 'catalogue.js'],
  ['events.json', 'catalogue.json'],
]);

/** `/catalogue`: every event with its data, who writes and who takes it. It says what is in the code, and nothing of any workspace. */
@Controller('catalogue')
export class CatalogueRoutes {
  @Get()
  @OpenToAll()
  async page(@Res() reply: FastifyReply): Promise<void> {
    await sendFile(reply, ownFile('catalogue.html'));
  }

  @Get(':file')
  @OpenToAll()
  async file(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const found = FILES.get(file);
    if (found === undefined) throw new NotFoundException('There is no such file.');
    await sendFile(reply, ownFile(found));
  }
}
