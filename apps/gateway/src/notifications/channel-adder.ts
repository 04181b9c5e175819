import { AddChannel, channelSettings, noticeTopic, type ChannelKind, type NoticeTopic } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Problem } from '@runledger/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { CommandDesk } from '../reads/command-desk.js';
import { misfits } from '../reads/misfits.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

export interface ChannelInput {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly about?: readonly NoticeTopic[] | null;
  readonly flows?: readonly string[] | null;
  readonly slackBotToken?: string | null;
  readonly slackSigningSecret?: string | null;
  readonly slackChannel?: string | null;
  readonly slackPeople?: readonly { readonly slackUser: string; readonly memberId: string }[] | null;
  readonly addresses?: readonly string[] | null;
  readonly members?: readonly string[] | null;
  readonly approvers?: boolean | null;
  readonly url?: string | null;
}

const BY_ADDRESS = `
  SELECT view ->> 'memberId' AS id, lower(view ->> 'email') AS email
  FROM members WHERE lower(view ->> 'email') = ANY ($1) AND view ->> 'workspaceId' = $2`;

/** Makes what a person says about a channel into the command that adds it. */
@Injectable()
export class ChannelAdder {
  constructor(
    @Inject(READ_MODEL_SOURCE) private readonly rows: DataSource,
    @Inject(CommandDesk) private readonly desk: CommandDesk,
  ) {}

  async add(input: ChannelInput, caller: Caller) {
    const { name, kind } = input;
    const written = await this.#settingsOf(input, caller);
    const settings = channelSettings.safeParse(written);
    if (!settings.success) return { status: 'refused' as const, refusal: unfit(misfits(channelSettings, written)) };
    const about = input.about?.length ? [...new Set(input.about)] : noticeTopic.options.slice(0, 3);
    const secrets = given({ botToken: input.slackBotToken, signingSecret: input.slackSigningSecret });
    const flows = input.flows?.length ? { flows: [...input.flows] } : {};
    return this.desk.send(AddChannel, { name, kind, settings: settings.data, about, ...flows, secrets }, caller);
  }

  async #settingsOf({ slackChannel, slackPeople, url, approvers, ...input }: ChannelInput, { workspaceId }: Caller) {
    const { members, addresses } = await this.#people(workspaceId, input);
    const people = slackPeople?.map(({ slackUser, memberId }) => [slackUser, memberId]);
    return {
      ...given({ slackChannel, url }),
      ...(people && people.length > 0 && { slackPeople: Object.fromEntries(people) as object }),
      ...(approvers === true && { approvers }),
      ...(addresses.length > 0 && { addresses }),
      ...(members.length > 0 && { members }),
    };
  }

  /** An address that a member has is kept as the member: it is forgotten with them. */
  async #people(workspaceId: string, { members, addresses }: Pick<ChannelInput, 'members' | 'addresses'>) {
    const asked = [...new Set(addresses ?? [])];
    const found = await this.rows.query<{ id: string; email: string }[]>(BY_ADDRESS, [
      asked.map(address => address.toLowerCase()),
      workspaceId,
    ]);
    const known = new Map(found.map(({ id, email }) => [email, id]));
    return {
      members: [...new Set([...(members ?? []), ...known.values()])],
      addresses: asked.filter(address => !known.has(address.toLowerCase())),
    };
  }
}

function given(fields: Readonly<Record<string, string | null | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value == null || value === '' ? [] : [[name, value]])),
  );
}

function unfit(details: readonly Problem[]) {
  const [first] = details;
  const message = `The particulars of the channel do not fit: ${first?.path ?? ''}: ${first?.message ?? ''}`;
  return reject('INVALID_CHANNEL', message, { fix: 'Mend each place that the details name.', details });
}
