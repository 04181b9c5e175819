import { randomBytes } from 'node:crypto';
import type { Vault } from '@runledger/platform';

const PREFIX = 'whsec_';

/** What messages of a webhook are signed with: the newest, and the one before it while receivers change over. */
export interface SigningSecrets {
  readonly current: string;
  readonly previous?: { readonly secret: string; readonly until: string };
  /** The command that changed it last, if it was changed. */
  readonly madeBy?: string;
}

/** What a channel of Slack needs. */
export interface SlackSecrets {
  readonly botToken: string;
  readonly signingSecret: string;
}

/** The secrets of channels, in the vault and nowhere else. Every channel has a key of its own for its buttons and links. */
export class ChannelSecrets {
  constructor(private readonly vault: Vault) {}

  /** Keeps what a new channel comes with. The same command sent again finds what the first one has kept. */
  async keep(workspaceId: string, channelId: string, given: Readonly<Record<string, string>>): Promise<void> {
    if ((await this.#get(workspaceId, channelId, 'tickets')) !== undefined) return;
    const secrets = { ...given, tickets: randomBytes(32).toString('hex') };
    await this.vault.put(workspaceId, channelId, new Map(Object.entries(secrets)));
  }

  /** 32 bytes. Undefined: the channel is gone. */
  async ticketKey(workspaceId: string, channelId: string): Promise<Buffer | undefined> {
    const key = await this.#get(workspaceId, channelId, 'tickets');
    return key === undefined ? undefined : Buffer.from(key, 'hex');
  }

  async slack(workspaceId: string, channelId: string): Promise<SlackSecrets | undefined> {
    const botToken = await this.#get(workspaceId, channelId, 'botToken');
    const signingSecret = await this.#get(workspaceId, channelId, 'signingSecret');
    return botToken === undefined || signingSecret === undefined ? undefined : { botToken, signingSecret };
  }

  async signing(workspaceId: string, channelId: string): Promise<SigningSecrets | undefined> {
    const kept = await this.#get(workspaceId, channelId, 'signing');
    return kept === undefined ? undefined : (JSON.parse(kept) as SigningSecrets);
  }

  async rotate(workspaceId: string, channelId: string, secrets: SigningSecrets): Promise<void> {
    const tickets = (await this.#get(workspaceId, channelId, 'tickets')) ?? randomBytes(32).toString('hex');
    const kept = new Map([
      ['signing', JSON.stringify(secrets)],
      ['tickets', tickets],
    ]);
    await this.vault.put(workspaceId, channelId, kept);
  }

  async forget(workspaceId: string, channelId: string): Promise<void> {
    await this.vault.forget(workspaceId, channelId);
  }

  #get(workspaceId: string, channelId: string, field: string): Promise<string | undefined> {
    return this.vault.get({ workspaceId, name: `${channelId}.${field}` });
  }
}

/** 256 random bits, as the Standard Webhooks scheme writes them. */
export function mintSigningSecret(): string {
  return `${PREFIX}${randomBytes(32).toString('base64')}`;
}
