import { INTEGRATION_KINDS, integrationFor, secretName } from '@runledger/contracts';
import type {
  ConnectIntegration,
  DisconnectIntegration,
  InputOf,
  IntegrationBook,
  IntegrationKind,
  KnownIntegration,
  OutputOf,
  RefusalOf,
} from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import type { Clock, CommandOutcome, Vault } from '@runledger/platform';
import type { Connection, ConnectionUse, Credentials, RepositoryAccess } from './credentials.js';
import { integrations } from './integration.decider.js';
import { coveringRepository } from './repository-address.js';
import { integrationProblems, partedFields } from './integration-rules.js';

type Connected = CommandOutcome<OutputOf<typeof ConnectIntegration>, RefusalOf<typeof ConnectIntegration>>;
type Disconnected = CommandOutcome<OutputOf<typeof DisconnectIntegration>, RefusalOf<typeof DisconnectIntegration>>;

export interface IntegrationParts {
  readonly commands: CommandHandler;
  readonly clock: Clock;
  readonly vault: Vault;
  /** What the operator has connected for every workspace. */
  operators(kind: IntegrationKind): Connection | undefined;
}

/** What is connected to each workspace: names and settings in its stream, secrets in the vault. */
export class Integrations {
  constructor(private readonly parts: IntegrationParts) {}

  /** Answers ConnectIntegration. The secrets are kept first, so that no integration is without them. */
  async connect(input: InputOf<typeof ConnectIntegration>, context: CommandContext): Promise<Connected> {
    const { name, kind, fields } = input;
    const { workspaceId, actor: by, occurredAt: connectedAt } = context;
    const problems = integrationProblems(kind, fields);
    const { settings, secrets } = partedFields(kind, fields);
    if (problems.length === 0) await this.parts.vault.put(workspaceId, name, secrets);
    const data = { name, kind, settings, secrets: [...secrets.keys()], by, connectedAt };
    const stream = integrationStream(workspaceId);
    const outcome = await this.parts.commands.handle(
      integrations,
      stream,
      { type: 'Connect', data, problems },
      context,
    );
    if (outcome.status === 'refused') return refusedAs(outcome.refusal, 'INVALID_INTEGRATION');
    return { status: 'accepted', output: { name }, position: outcome.position };
  }

  /** Answers DisconnectIntegration. */
  async disconnect({ name }: InputOf<typeof DisconnectIntegration>, context: CommandContext): Promise<Disconnected> {
    const { workspaceId, actor: by, occurredAt: disconnectedAt } = context;
    const data = { name, by, disconnectedAt };
    const command = { type: 'Disconnect' as const, data };
    const outcome = await this.parts.commands.handle(integrations, integrationStream(workspaceId), command, context);
    if (outcome.status === 'refused') return refusedAs(outcome.refusal, 'INTEGRATION_NOT_FOUND');
    await this.parts.vault.forget(workspaceId, name);
    return { status: 'accepted', output: { name }, position: outcome.position };
  }

  async book(workspaceId: string): Promise<IntegrationBook> {
    const stream = { tenant: workspaceId, name: integrationStream(workspaceId) };
    return (await this.parts.commands.load(integrations, stream)).state;
  }

  credentialsOf(workspaceId: string): Credentials {
    return {
      get: name => this.#secret(workspaceId, name),
      connection: (kind, name) => this.#connection(workspaceId, kind, name),
      report: use => this.#report(workspaceId, use),
    };
  }

  repositoriesOf(workspaceId: string): RepositoryAccess {
    return {
      repository: async url => {
        const known = coveringRepository(await this.book(workspaceId), url);
        return known && this.#opened(workspaceId, known);
      },
      report: use => this.#report(workspaceId, use),
    };
  }

  async #secret(workspaceId: string, asked: string): Promise<string | undefined> {
    const [name = '', field] = asked.split('.', 2);
    const known = (await this.book(workspaceId)).get(name);
    if (!known) return undefined;
    const wanted = field ?? INTEGRATION_KINDS[known.kind].main;
    if (!known.secrets.includes(wanted)) return known.settings[wanted];
    return this.parts.vault.get({ workspaceId, name: secretName(name, wanted) });
  }

  async #connection(workspaceId: string, kind: IntegrationKind, name?: string): Promise<Connection | undefined> {
    const known = integrationFor(await this.book(workspaceId), kind, name);
    if (known) return this.#opened(workspaceId, known);
    return name === undefined ? this.parts.operators(kind) : undefined;
  }

  async #opened(workspaceId: string, known: KnownIntegration): Promise<Connection> {
    const { name, kind, settings, connectedAt } = known;
    const secrets: Record<string, string> = {};
    for (const field of known.secrets) {
      const secret = await this.parts.vault.get({ workspaceId, name: secretName(name, field) });
      if (secret !== undefined) secrets[field] = secret;
    }
    return { name, kind, settings, secrets, connectedAt };
  }

  async #report(workspaceId: string, { name, connectedAt, error }: ConnectionUse): Promise<void> {
    const { clock, commands } = this.parts;
    const at = clock.now();
    const known = (await this.book(workspaceId)).get(name);
    if (!known || known.connectedAt !== connectedAt || known.failure?.code === error?.code) return;
    const commandId = newUuid();
    const actor = { kind: 'service', id: 'sandbox' } as const;
    const context = { commandId, workspaceId, actor, occurredAt: at, correlationId: commandId };
    const command = error
      ? ({ type: 'ReportFailure', data: { name, ...error, failedAt: at }, connectedAt } as const)
      : ({ type: 'ReportSuccess', data: { name, recoveredAt: at } } as const);
    await commands.handle(integrations, integrationStream(workspaceId), command, context);
  }
}

function integrationStream(workspaceId: string): string {
  return streamOf('integration', workspaceId);
}

/** A refusal as one of those that the command can have; the decider has no other for it. */
function refusedAs<Code extends string>(refusal: { readonly rejected: string; readonly message: string }, code: Code) {
  return { status: 'refused' as const, refusal: { ...refusal, rejected: code } };
}
