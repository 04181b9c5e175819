import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Connection, PageAsked } from '../graph/connection.js';
import { narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { RunNumberRow, RunRow } from '../runs/runs.entity.js';
import { StepReader } from '../runs/step-reader.js';
import type { TaskState } from './task-state.js';
import { taskNode, type TaskNode } from './task-view.js';

export interface TasksAsked extends PageAsked {
  readonly states: readonly TaskState[];
  readonly startedBy: string | undefined;
}

/** Reads the background runs of one workspace. */
@Injectable()
export class TaskReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
    @Inject(StepReader) private readonly steps: StepReader,
  ) {}

  async page(workspaceId: string, { states, startedBy, ...ends }: TasksAsked): Promise<Connection<TaskNode>> {
    const list = ['tasks', workspaceId, [...states].sort(), startedBy];
    const query = this.rows
      .getRepository(RunRow)
      .createQueryBuilder('r')
      .innerJoin(RunNumberRow, 'n', 'n.workspaceId = r.workspaceId AND n.runId = r.runId')
      .addSelect('n.number', 'number')
      .where('r.workspaceId = :workspaceId AND r.taskState IS NOT NULL', { workspaceId });
    if (states.length > 0) query.andWhere('r.taskState IN (:...states)', { states });
    if (startedBy !== undefined) query.andWhere('r.startedBy = :startedBy', { startedBy });
    const cursor = ends.cursor === undefined ? undefined : this.signer.open(list, ends.cursor);
    narrowToPage(query, { columns: ['r.startedAt', 'r.runId'], direction: 'DESC' }, ends, cursor);
    const { entities, raw } = await query.getRawAndEntities<{ number: number }>();
    const numbered = entities.map((row, index) => ({ row, number: raw[index]?.number ?? 0 }));
    const found = (await this.steps.nodes(workspaceId, numbered)).flatMap(({ row, run }) => {
      const task = taskNode(run);
      return task ? [{ row, task }] : [];
    });
    return pageOfList(found, {
      ...ends,
      list,
      signer: this.signer,
      place: ({ row }) => [row.startedAt.toISOString(), row.runId],
      node: ({ task }) => task,
    });
  }
}
