import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { CountedConnection, PageAsked } from '../graph/connection.js';
import { countOf, narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { scheduleNode, type ScheduleNode } from './schedule-nodes.js';
import { ScheduleRow } from './schedules.entity.js';

/** Reads the schedules of one workspace. */
@Injectable()
export class ScheduleReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  async page(workspaceId: string, asked: PageAsked): Promise<CountedConnection<ScheduleNode>> {
    const list = ['schedules', workspaceId];
    const query = this.rows
      .getRepository(ScheduleRow)
      .createQueryBuilder('s')
      .where('s.workspaceId = :workspaceId', { workspaceId });
    const totalCount = countOf(query, 's.scheduleId');
    const cursor = asked.cursor === undefined ? undefined : this.signer.open(list, asked.cursor);
    const found = await narrowToPage(query, { columns: ['s.scheduleId'], direction: 'ASC' }, asked, cursor).getMany();
    const node = (row: ScheduleRow) => scheduleNode(row.view);
    const page = { ...asked, list, signer: this.signer, place: (row: ScheduleRow) => [row.scheduleId], node };
    return { ...pageOfList(found, page), totalCount };
  }

  async find(workspaceId: string, scheduleId: string): Promise<ScheduleNode | undefined> {
    const row = await this.rows.getRepository(ScheduleRow).findOneBy({ workspaceId, scheduleId });
    return row ? scheduleNode(row.view) : undefined;
  }
}
