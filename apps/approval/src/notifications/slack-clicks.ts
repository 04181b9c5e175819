import type { InputOf, OutputOf, ReadSlackClick, RefusalOf, TellInSlack } from '@runledger/contracts';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { reject, streamOf } from '@runledger/kernel';
import type { Clock, CommandOutcome } from '@runledger/platform';
import { z } from 'zod';
import { approval } from '../approvals/approval.decider.js';
import { channelBook } from './channel-books.js';
import type { ChannelSecrets } from './channel-secrets.js';
import type { Channel } from './channels.decider.js';
import { unknownChannel } from './channels.decider.js';
import { slackClient, slackError } from './slack-client.js';
import { checkSlack } from './slack-signature.js';
import { openTicket } from './tickets.js';
import type { Ticket } from './tickets.js';

type Read = CommandOutcome<OutputOf<typeof ReadSlackClick>, RefusalOf<typeof ReadSlackClick>>;
type Told = CommandOutcome<OutputOf<typeof TellInSlack>, RefusalOf<typeof TellInSlack>>;

/** Slack waits three seconds for an answer to a click; asking back and deciding have to fit. */
const ASKS_BACK_WITHIN_MS = 1_200;

/** Of a click in a message, as Slack posts it (docs.slack.dev, block_actions payload). */
const click = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().max(40) }),
  actions: z.array(z.object({ value: z.string() })).min(1),
});

export interface SlackClicksParts {
  readonly handler: CommandHandler;
  readonly secrets: ChannelSecrets;
  readonly clock: Clock;
  readonly apiUrl: string;
}

/** Reads what people click in Slack. Deciding, and whether they may, is not its affair. */
export class SlackClicks {
  constructor(private readonly parts: SlackClicksParts) {}

  async read(input: InputOf<typeof ReadSlackClick>, { workspaceId }: CommandContext): Promise<Read> {
    const { channelId, body } = input;
    const { secrets, handler, clock } = this.parts;
    const kept = await secrets.slack(workspaceId, channelId);
    const verdict = kept ? checkSlack(kept.signingSecret, input, Date.parse(clock.now())) : 'bad';
    if (!kept || verdict === 'bad') return { status: 'refused', refusal: badSignature() };
    if (verdict === 'stale') return { status: 'refused', refusal: stale() };
    const clicked = clickIn(body);
    const ticket = clicked && (await this.#ticketOf(workspaceId, channelId, clicked.value));
    const channel = (await channelBook(handler, workspaceId)).get(channelId);
    if (!clicked || !ticket || !channel) return { status: 'refused', refusal: unknownButton() };
    const who = await this.#whoIs(channel, kept.botToken, clicked.slackUser);
    if ('rejected' in who) return { status: 'refused', refusal: who };
    const { choice, requestId, shownHash, decision } = ticket;
    const answer = choice === undefined ? undefined : await this.#choiceOf(workspaceId, requestId, choice);
    const said = { requestId, shownHash, ...(decision && { decision }), ...(answer !== undefined && { answer }) };
    return { status: 'accepted', output: { ...said, ...who, slackUser: clicked.slackUser }, position: undefined };
  }

  /** Only who clicked sees it. That it cannot be said is no reason to fail: what was decided stands. */
  async tell(
    { channelId, slackUser, text }: InputOf<typeof TellInSlack>,
    { workspaceId }: CommandContext,
  ): Promise<Told> {
    const channel = (await channelBook(this.parts.handler, workspaceId)).get(channelId);
    const kept = await this.parts.secrets.slack(workspaceId, channelId);
    if (!channel || !kept) return { status: 'refused', refusal: unknownChannel(channelId) };
    const client = slackClient(this.parts.apiUrl, kept.botToken, ASKS_BACK_WITHIN_MS);
    try {
      await client.chat.postEphemeral({ channel: channel.settings.slackChannel ?? '', user: slackUser, text });
      return { status: 'accepted', output: { told: true }, position: undefined };
    } catch (error) {
      slackError(error);
      return { status: 'accepted', output: { told: false }, position: undefined };
    }
  }

  async #ticketOf(workspaceId: string, channelId: string, value: string): Promise<Ticket | undefined> {
    const key = await this.parts.secrets.ticketKey(workspaceId, channelId);
    return key && openTicket(key, channelId, value.slice(value.indexOf('.') + 1));
  }

  async #whoIs(channel: Channel, botToken: string, user: string) {
    const memberId = channel.settings.slackPeople?.[user];
    if (memberId !== undefined) return { memberId };
    try {
      const client = slackClient(this.parts.apiUrl, botToken, ASKS_BACK_WITHIN_MS);
      const { user: known } = await client.users.info({ user });
      const email = known?.deleted === true || known?.is_bot === true ? undefined : known?.profile?.email;
      return email === undefined ? {} : { email };
    } catch (error) {
      return unavailable(slackError(error).message);
    }
  }

  async #choiceOf(tenant: string, requestId: string, choice: number): Promise<string | undefined> {
    const { state } = await this.parts.handler.load(approval, { tenant, name: streamOf('approval', requestId) });
    if (state.status === 'absent') return undefined;
    const { shown } = state.status === 'open' ? state : state.request;
    return 'question' in shown ? shown.choices?.[choice] : undefined;
  }
}

function clickIn(body: string): { readonly slackUser: string; readonly value: string } | undefined {
  try {
    const { user, actions } = click.parse(JSON.parse(new URLSearchParams(body).get('payload') ?? ''));
    return { slackUser: user.id, value: actions[0]?.value ?? '' };
  } catch {
    // Whatever else Slack posts there, it is no click of ours.
    return undefined;
  }
}

function badSignature() {
  return reject('BAD_SIGNATURE', 'There is no such channel, or the click was not signed with its signing secret.', {
    fix: 'Look at the signing secret of the app in Slack, and add the channel anew with it.',
  });
}

function stale() {
  return reject('STALE_TIMESTAMP', 'The click was signed more than five minutes ago, or in the future.', {
    fix: 'Look at the clock of this machine.',
  });
}

function unknownButton() {
  return reject('UNKNOWN_BUTTON', 'This button was not sent from here.', { fix: 'Decide in the inbox.' });
}

function unavailable(why: string) {
  return reject('SLACK_UNAVAILABLE', `Slack did not say who clicked. ${why}`, { fix: 'Click again in a moment.' });
}
