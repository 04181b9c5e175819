import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import type { Connection, PageAsked } from '../graph/connection.js';
import { narrowToPage, pageOfList } from '../graph/ends-of-a-list.js';
import { CursorSigner } from '../graph/signed-cursor.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';
import { keyIn } from '../reads/row-key.js';
import { channelNode, notificationNode, type NotificationNode } from './notification-nodes.js';
import { NotificationChannelRow, NotificationRow } from './notifications.entity.js';
import type { ChannelView } from './notifications.projection.js';

export interface NotificationsAsked extends PageAsked {
  readonly channelId: string | undefined;
  readonly runId: string | undefined;
  readonly states: readonly string[] | undefined;
}

/** Reads the channels of one workspace, and what they were told. */
@Injectable()
export class NotificationReader {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CursorSigner) private readonly signer: CursorSigner,
  ) {}

  async channels(workspaceId: string) {
    const order = { addedAt: 'ASC', channelId: 'ASC' } as const;
    const found = await this.rows.getRepository(NotificationChannelRow).find({ where: { workspaceId }, order });
    return found.map(row => channelNode(row.view));
  }

  async channel(workspaceId: string, channelId: string) {
    const row = await this.rows.getRepository(NotificationChannelRow).findOneBy({ key: keyIn(workspaceId, channelId) });
    return row ? channelNode(row.view) : undefined;
  }

  /** Of whichever workspace: who clicks a button or follows a link has no workspace to name. It is proven by the channel's secrets. */
  async anybodys(channelId: string): Promise<ChannelView | undefined> {
    const row = await this.rows.getRepository(NotificationChannelRow).findOneBy({ channelId });
    return row?.view;
  }

  async notifications(workspaceId: string, noticeIds: readonly string[]): Promise<NotificationNode[]> {
    const keys = noticeIds.map(noticeId => keyIn(workspaceId, noticeId));
    const found = await this.rows.getRepository(NotificationRow).findBy({ key: In(keys) });
    return found.map(row => notificationNode(row.view));
  }

  async page(workspaceId: string, asked: NotificationsAsked): Promise<Connection<NotificationNode>> {
    const { channelId, runId, states } = asked;
    const list = ['notifications', workspaceId, channelId, runId, states];
    const query = this.rows
      .getRepository(NotificationRow)
      .createQueryBuilder('n')
      .where('n.workspaceId = :workspaceId', { workspaceId });
    if (channelId !== undefined) query.andWhere('n.channelId = :channelId', { channelId });
    if (runId !== undefined) query.andWhere('n.runId = :runId', { runId });
    if (states !== undefined) query.andWhere('n.state IN (:...states)', { states });
    const cursor = asked.cursor === undefined ? undefined : this.signer.open(list, asked.cursor);
    const order = { columns: ['n.queuedAt'], direction: 'DESC' } as const;
    const found = await narrowToPage(query, order, asked, cursor).getMany();
    const node = (row: NotificationRow) => notificationNode(row.view);
    return pageOfList(found, {
      ...asked,
      ...{ list, signer: this.signer, place: (row: NotificationRow) => [row.queuedAt], node },
    });
  }
}
