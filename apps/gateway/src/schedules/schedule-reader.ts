import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { connectionOf, type Connection } from '../graph/connection.js';
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

  async page(
    workspaceId: string,
    { size, after }: { readonly size: number; readonly after: string | undefined },
  ): Promise<Connection<ScheduleNode>> {
    const list = ['schedules', workspaceId];
    const query = this.rows
      .getRepository(ScheduleRow)
      .createQueryBuilder('s')
      .where('s.workspaceId = :workspaceId', { workspaceId });
    if (after !== undefined) {
      const [last] = this.signer.open(list, after);
      query.andWhere('s.scheduleId > :last', { last });
    }
    const found = await query
      .orderBy('s.scheduleId', 'ASC')
      .limit(size + 1)
      .getMany();
    const node = (row: ScheduleRow) => scheduleNode(row.view);
    return connectionOf(found, { size, list, signer: this.signer, place: row => [row.scheduleId], node });
  }

  async find(workspaceId: string, scheduleId: string): Promise<ScheduleNode | undefined> {
    const row = await this.rows.getRepository(ScheduleRow).findOneBy({ workspaceId, scheduleId });
    return row ? scheduleNode(row.view) : undefined;
  }
}
