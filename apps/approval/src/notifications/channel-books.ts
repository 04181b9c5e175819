import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { channels } from './channels.decider.js';
import type { ChannelBook } from './channels.decider.js';

export function channelsStream(workspaceId: string): string {
  return streamOf('channels', workspaceId);
}

/** The channels of a workspace as of now. */
export async function channelBook(handler: CommandHandler, workspaceId: string): Promise<ChannelBook> {
  const { state } = await handler.load(channels, { tenant: workspaceId, name: channelsStream(workspaceId) });
  return state;
}
