import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { connectionOf, type Connection } from '../graph/connection.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { RunNumberRow, RunRow } from '../runs/runs.entity.js';
import { StepReader } from '../runs/step-reader.js';
import type { TaskState } from './task-state.js';
import { taskNode, type TaskNode } from './task-view.js';

export interface TasksAsked {
  readonly states: readonly TaskState[];
  readonly startedBy: string | undefined;
  readonly size: number;
  readonly after: string | undefined;
}

/** Reads the background runs of one workspace. */
@Injectable()
export class TaskReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
    @Inject(StepReader) private readonly steps: StepReader,
  ) {}

  async page(workspaceId: string, { states, startedBy, size, after }: TasksAsked): Promise<Connection<TaskNode>> {
    const list = ['tasks', workspaceId, [...states].sort(), startedBy];
    const query = this.rows
      .getRepository(RunRow)
      .createQueryBuilder('r')
      .innerJoin(RunNumberRow, 'n', 'n.workspaceId = r.workspaceId AND n.runId = r.runId')
      .addSelect('n.number', 'number')
      .where('r.workspaceId = :workspaceId AND r.taskState IS NOT NULL', { workspaceId });
    if (states.length > 0) query.andWhere('r.taskState IN (:...states)', { states });
    if (startedBy !== undefined) query.andWhere('r.startedBy = :startedBy', { startedBy });
    if (after !== undefined) {
      const [startedAt, runId] = this.signer.open(list, after);
      query.andWhere('(r.startedAt, r.runId) < (:startedAt, :runId)', { startedAt, runId });
    }
    query
      .orderBy('r.startedAt', 'DESC')
      .addOrderBy('r.runId', 'DESC')
      .limit(size + 1);
    const { entities, raw } = await query.getRawAndEntities<{ number: number }>();
    const numbered = entities.map((row, index) => ({ row, number: raw[index]?.number ?? 0 }));
    const found = (await this.steps.nodes(workspaceId, numbered)).flatMap(({ row, run }) => {
      const task = taskNode(run);
      return task ? [{ row, task }] : [];
    });
    return connectionOf(found, {
      size,
      list,
      signer: this.signer,
      place: ({ row }) => [row.startedAt.toISOString(), row.runId],
      node: ({ task }) => task,
    });
  }
}
