import { PLAIN_ADDRESS } from '@runledger/platform';
import type { Clock } from '@runledger/platform';
import { createTransport } from 'nodemailer';
import type { MailSettings } from '../approval.config.js';
import type { ChannelSecrets } from './channel-secrets.js';
import { DeliveryError } from './delivery-errors.js';
import type { Links } from './links.js';
import { letterOf } from './mail-letter.js';
import type { MemberBook } from './member-book.js';
import type { Teller, Telling, Told } from './telling.js';
import { sealTicket } from './tickets.js';

const ANSWERS_WITHIN_MS = 10_000;
const WEEK_MS = 7 * 86_400_000;

export interface MailTellerParts {
  readonly mail: MailSettings | undefined;
  readonly members: MemberBook;
  readonly secrets: ChannelSecrets;
  readonly links: Links;
  readonly clock: Clock;
}

/** A letter to one person or one mailbox, under a Message-ID that stays the same however often it is sent. */
export class MailTeller implements Teller {
  constructor(private readonly parts: MailTellerParts) {}

  async tell(telling: Telling): Promise<Told> {
    const { notice, request } = telling;
    const { mail } = this.parts;
    if (!mail) throw new DeliveryError('NO_MAIL_SERVER', 'This platform sends no mail.', { final: true });
    if (notice.requestId !== undefined && request.status !== 'open') return { dropped: 'the request waits no more' };
    const address = await this.#addressOf(telling);
    if (address === undefined) return { dropped: 'the member has no address any more' };
    if (!PLAIN_ADDRESS.test(address)) {
      throw new DeliveryError('ADDRESS_REFUSED', 'It is no plain e-mail address.', { final: true });
    }
    const links = {
      decision: await this.#decisionLink(telling),
      run: notice.runId === undefined ? undefined : this.parts.links.run(notice.runId),
    };
    const messageId = `<${notice.noticeId}@${mail.from.slice(mail.from.indexOf('@') + 1)}>`;
    await send(mail, { ...letterOf(telling, links), messageId, to: { name: '', address } });
    return { reference: messageId };
  }

  async #addressOf({ workspaceId, notice: { to } }: Telling): Promise<string | undefined> {
    if (!to) return undefined;
    if ('address' in to) return to.address;
    return (await this.parts.members.find(workspaceId, to.memberId))?.email;
  }

  async #decisionLink({ workspaceId, notice: { channelId, to }, request }: Telling): Promise<string | undefined> {
    if (request.status !== 'open' || !to) return undefined;
    const key = await this.parts.secrets.ticketKey(workspaceId, channelId);
    if (!key) return undefined;
    const { requestId } = request.request;
    const expiresAt = new Date(Date.parse(this.parts.clock.now()) + WEEK_MS).toISOString();
    const ticket = sealTicket(key, channelId, { requestId, shownHash: request.shownHash, to, expiresAt });
    return this.parts.links.decision(channelId, ticket);
  }
}

interface Addressed {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly to: { readonly name: string; readonly address: string };
}

async function send({ smtp, from }: MailSettings, letter: Addressed): Promise<void> {
  const timeouts = { connectionTimeout: ANSWERS_WITHIN_MS, greetingTimeout: ANSWERS_WITHIN_MS };
  const post = createTransport({ url: smtp, ...timeouts, socketTimeout: ANSWERS_WITHIN_MS });
  try {
    await post.sendMail({ ...letter, from, disableFileAccess: true, disableUrlAccess: true });
  } catch (cause) {
    throw mailError(cause);
  } finally {
    post.close();
  }
}

/** 5yz is for good, 4yz for now (RFC 5321 §4.2.1); without an answer the server may come back. */
function mailError(cause: unknown): DeliveryError {
  const { responseCode } = cause as { readonly responseCode?: number };
  if (responseCode === undefined) {
    return new DeliveryError('UNREACHABLE', 'The mail server could not be reached.', { cause });
  }
  const final = responseCode >= 500;
  return new DeliveryError(`SMTP_${responseCode}`, `The mail server answered with ${responseCode}.`, { final, cause });
}
