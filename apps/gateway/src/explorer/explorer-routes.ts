import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OpenToAll } from '@runledger/platform';
import { ownFile, packageFile, sendFile } from './page-files.js';

const FILES: ReadonlyMap<string, () => string> = new Map([
  ['explorer.css', () => ownFile('explorer.css')],
  ['explorer.js', () => ownFile('explorer.js')],
  ['react.js', () => packageFile('react', 'umd/react.production.min.js')],
  ['react-dom.js', () => packageFile('react-dom', 'umd/react-dom.production.min.js')],
  ['graphiql.js', () => packageFile('graphiql', 'graphiql.min.js')],
  ['graphiql.css', () => packageFile('graphiql', 'graphiql.min.css')],
]);

/** `/explorer`: GraphiQL, from the installed packages. Its editor styles itself inline; scripts are ours only. */
@Controller('explorer')
export class ExplorerRoutes {
  @Get()
  @OpenToAll()
  async page(@Res() reply: FastifyReply): Promise<void> {
    await sendFile(reply, ownFile('explorer.html'), { inlineStyles: true });
  }

  @Get(':file')
  @OpenToAll()
  async file(@Param('file') file: string, @Res() reply: FastifyReply): Promise<void> {
    const found = FILES.get(file);
    if (!found) throw new NotFoundException('There is no such file.');
    await sendFile(reply, found());
  }
}
