import * as contracts from '@runledger/contracts';
import { ALL_SCOPES, type CommandDefinition } from '@runledger/contracts';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { reject } from '@runledger/kernel';
import { CommandRegistry } from '@runledger/platform';
import { getNamedType, isInputObjectType, isObjectType } from 'graphql';
import type { GraphQLField, GraphQLInputType, GraphQLSchema } from 'graphql';
import { collect, socketClient } from '../gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { published, story, upToTheGate } from '../runs/run-story.fixture.js';
import { entryPoints, ROOTS, type EntryPoint } from './entry-points.fixture.js';
import { madeOperation, type IdOf } from './made-operation.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const NOWHERE = 'run_0198f3a0-0000-7000-8000-0000000000ff';
const ACME = { workspaceId: 'ws_acme', stream: 'run-1', runId: RUN };
/** What only the members of `ws_acme` can know. */
const SECRETS = ['OPS-7', 'Ship it?', 'build is done', 'report.html', '"staging"', 'Release'];

interface Answer {
  readonly status: number | string;
  readonly code: string | undefined;
  readonly text: string;
}

/** Calls every entry point that the gateway has, whatever slice it comes from: a new one is walked without being named here. */
describe('every query, mutation, subscription and route (G2)', () => {
  let gateway: TestGateway;
  let schema: GraphQLSchema;
  let points: readonly EntryPoint[];
  let owner: string;
  let stranger: string;
  let tokenId: string;
  let eventId: string;
  const commandedIn: string[] = [];

  /** Ids by what arguments are called: of what `ws_acme` has, or of what is nowhere. */
  const idsOf =
    (run: string, field: string): IdOf =>
    name => {
      const isHere = run === RUN;
      const flow = isHere ? 'release' : 'nothing';
      if (/token/i.test(field) && name === 'id') return isHere ? tokenId : `${tokenId.slice(0, -4)}0000`;
      const member = isHere ? 'mem_ada' : 'mem_nobody';
      if (field === 'eraseMember') return member;
      if (field === 'flow' && name === 'slug') return undefined;
      if (/flow/i.test(field) && name === 'id') return `flow_${flow}`;
      const known: Readonly<Record<string, string>> = {
        id: run,
        runId: run,
        of: run,
        requestId: story(run).requestId,
        flow,
        flowId: `flow_${flow}`,
        slug: flow,
        stream: isHere ? 'run-1' : 'run-0',
        startedBy: member,
        memberId: member,
        eventId: isHere ? eventId : '0198f3a0-0000-7000-8000-00000000dead',
        channelId: isHere ? 'chn_here' : 'chn_none',
        subjectId: isHere ? 'OPS-7' : 'OPS-0',
        step: 'build',
      };
      return known[name];
    };

  beforeAll(async () => {
    gateway = await testGateway();
    owner = await gateway.tokenFor('ws_acme', 'mem_ada');
    stranger = await gateway.tokenFor('ws_other', 'mem_eve');
    tokenId = `tok_${/^rl_([^_]+)_/.exec(owner)?.[1] ?? ''}`;
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    await gateway.tell(ACME, ...upToTheGate(RUN));
    const { events } = await gateway.store.readAll({ tenant: 'ws_acme', correlationId: RUN, after: 0n, limit: 1 });
    eventId = events[0]?.id ?? '';
    const blob = await gateway.blobs.area('artifacts').put(Buffer.from('report'));
    await gateway.tell(ACME, story(RUN).kept('build', 'out/report.html', blob));
    const commands = gateway.app.get(CommandRegistry, { strict: false });
    for (const command of (Object.values(contracts) as unknown[]).filter(isCommand)) {
      const [code = 'NOT_FOUND'] = command.refusals.filter(one => one.endsWith('NOT_FOUND')).concat(command.refusals);
      if (commands.find(command)) continue;
      commands.answer(command, (_input, { workspaceId }) => {
        commandedIn.push(workspaceId);
        return Promise.resolve({ status: 'refused', refusal: reject(code, 'There is no such thing.') });
      });
    }
    ({ schema } = gateway.app.get(GraphQLSchemaHost, { strict: false }));
    points = entryPoints(gateway).filter(one => one.requirement !== 'open');
  });
  afterAll(() => gateway.close());

  /** Calls it as whoever has this token, with the ids of `run`'s world. */
  const call = async (point: EntryPoint, token: string | undefined, run: string): Promise<Answer> => {
    const [root = '', name = ''] = point.name.split('.');
    if (point.route) return callRoute(point.route, token, run);
    const field = schema.getType(root);
    const found = field && 'getFields' in field ? field.getFields()[name] : undefined;
    if (!found || !('args' in found)) throw new TypeError(`${point.name} is not in the schema.`);
    const operation = madeOperation(schema, root, found, idsOf(run, name));
    if (root === 'Subscription') return subscribe(operation, token);
    const { status, errors, text } = await gateway.graphql(token, operation);
    const code = errors?.[0]?.extensions.code;
    if (code === 'GRAPHQL_VALIDATION_FAILED') throw new TypeError(`${operation} is no operation: ${text}`);
    return { status, code, text };
  };

  const callRoute = async (route: NonNullable<EntryPoint['route']>, token: string | undefined, run: string) => {
    const artifact = `art_${run.slice(4)}.out-report-html`;
    const path = route.path.replace(':id', route.path.includes('artifacts/') ? artifact : run).replace(/:\w+/g, 'some');
    const response = await fetch(gateway.url + path, {
      method: route.method,
      headers: { ...(token && { authorization: `Bearer ${token}` }) },
    });
    const text = await response.text();
    return { status: response.status, code: /"code":"(\w+)"/.exec(text)?.[1], text };
  };

  const subscribe = async (operation: string, token: string | undefined): Promise<Answer> => {
    const client = socketClient(gateway.url, token);
    try {
      const { items, errors } = await collect(client, operation, {}, () => true);
      const code = errors[0]?.extensions?.['code'];
      return { status: 200, code: String(code), text: JSON.stringify([items, errors]) };
    } catch (error) {
      // The server closes sockets of those whom it does not know; the reason is the code.
      const { code, reason } = error as { code?: number; reason?: string };
      return { status: code ?? 0, code: reason, text: String(reason) };
    } finally {
      await client.dispose();
    }
  };

  /** Ids differ between two callers' questions, so answers may repeat them. */
  const without = (text: string, run: string): string =>
    [
      run.slice(4),
      eventId,
      '0198f3a0-0000-7000-8000-00000000dead',
      'mem_ada',
      'mem_nobody',
      tokenId,
      `${tokenId.slice(0, -4)}0000`,
      'release',
      'nothing',
    ]
      .reduce((rest, id) => rest.replaceAll(id, '…'), text)
      // Members and tokens that were made now.
      .replaceAll(/"[a-z]{2,6}_[\w-]{20,}"/g, '"…"')
      .replaceAll(/"(position|cursor|endCursor)":"[^"]*"/g, '"$1":"…"');

  it('is walked: those that are open to all are named elsewhere', () => {
    const names = points.map(one => one.name);
    expect(names).toEqual(expect.arrayContaining(['Query.run', 'Mutation.retryStep', 'Subscription.runEvents']));
    expect(names).toEqual(expect.arrayContaining(['SteeringRoutes.force', 'TriggerRoutes.trigger']));
    expect(ROOTS.every(root => names.some(name => name.startsWith(root)))).toBe(true);
  });

  it('gives an id to every argument that may name something: a new one has to be given one here', () => {
    const unnamed: string[] = [];
    for (const root of ROOTS) {
      const type = schema.getType(root);
      const fields: readonly GraphQLField<unknown, unknown>[] = isObjectType(type)
        ? Object.values(type.getFields())
        : [];
      for (const field of fields) {
        const given = idsOf(RUN, field.name);
        const names = field.args.flatMap(argument => idsNamedIn(argument.name, argument.type));
        unnamed.push(...names.filter(name => given(name) === undefined).map(name => `${root}.${field.name}: ${name}`));
      }
    }
    expect(unnamed).toEqual([]);
  });

  it('refuses who presents no token', async () => {
    const open: string[] = [];
    for (const point of points) {
      const { code, text } = await call(point, undefined, RUN);
      // A socket of somebody unknown is closed before anything is asked on it.
      if (code !== 'UNAUTHENTICATED' && code !== 'Forbidden') open.push(`${point.name}: ${text}`);
    }
    expect(open).toEqual([]);
  });

  it('refuses a member of the workspace who has every scope but the one that it takes', async () => {
    const open: string[] = [];
    for (const scope of new Set(points.map(one => one.requirement))) {
      if (scope === undefined || scope === 'token' || scope === 'open') continue;
      const all = ALL_SCOPES.filter(one => one !== scope);
      const token = await gateway.tokenFor('ws_acme', 'mem_ada', all);
      for (const point of points.filter(one => one.requirement === scope)) {
        const { code, text } = await call(point, token, RUN);
        if (code !== 'FORBIDDEN') open.push(`${point.name}: ${text}`);
      }
    }
    expect(open).toEqual([]);
  });

  it('shows a caller of another workspace nothing, as if what the ids name were nowhere', async () => {
    const before = await gateway.store.readAll({ tenant: 'ws_acme', after: 0n, limit: 1_000 });
    commandedIn.length = 0;
    const differing: string[] = [];
    for (const point of points.filter(takesIds)) {
      const [there, nowhere] = [await call(point, stranger, RUN), await call(point, stranger, NOWHERE)];
      const leaks = SECRETS.filter(secret => there.text.includes(secret));
      if (leaks.length > 0) differing.push(`${point.name} tells ${leaks.join(', ')}`);
      const same = there.status === nowhere.status && without(there.text, RUN) === without(nowhere.text, NOWHERE);
      if (!same) differing.push(`${point.name}: ${there.text} / ${nowhere.text}`);
    }
    expect(differing).toEqual([]);
    expect(new Set(commandedIn)).toEqual(new Set(['ws_other']));
    const after = await gateway.store.readAll({ tenant: 'ws_acme', after: 0n, limit: 1_000 });
    expect(after.events.length).toBe(before.events.length);
  });

  it('shows the same ids to a member: the walk asks for what is there', async () => {
    const shown = await Promise.all(
      points
        .filter(one => ['Query.run', 'Query.runs', 'Query.inbox', 'Query.flow'].includes(one.name))
        .map(async one => {
          const { text } = await call(one, owner, RUN);
          return [one.name, SECRETS.some(secret => text.includes(secret))];
        }),
    );
    expect(Object.fromEntries(shown)).toEqual({
      'Query.run': true,
      'Query.runs': true,
      'Query.inbox': true,
      'Query.flow': true,
    });
  });

  /** A subscription that names nothing waits for what may never come. */
  function takesIds(point: EntryPoint): boolean {
    if (!point.name.startsWith('Subscription.')) return true;
    const field = schema.getSubscriptionType()?.getFields()[point.name.split('.')[1] ?? ''];
    return field?.args.some(argument => argument.name === 'runId') ?? false;
  }
});

/** Of an argument and all that it may hold: what is of type `ID`. */
function idsNamedIn(name: string, type: GraphQLInputType, within: readonly string[] = []): string[] {
  const named = getNamedType(type);
  if (named.name === 'ID') return [name];
  if (!isInputObjectType(named) || within.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap(field => idsNamedIn(field.name, field.type, [...within, named.name]));
}

function isCommand(value: unknown): value is CommandDefinition {
  return typeof value === 'object' && value !== null && 'service' in value && 'refusals' in value;
}
