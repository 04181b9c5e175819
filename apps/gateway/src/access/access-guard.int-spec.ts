import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { REQUIREMENT } from '@runledger/platform';
import type { Requirement } from './requires.js';

const ROOTS = ['Query', 'Mutation', 'Subscription'];
/** Metadata of `@nestjs/graphql`: the type that a handler resolves a field of, and the field's name. */
const RESOLVER_TYPE = 'graphql:resolver_type';
const RESOLVER_NAME = 'graphql:resolver_name';

interface EntryPoint {
  readonly name: string;
  readonly requirement: Requirement | undefined;
}

/** Every handler that the world can reach, with what it declares. */
function entryPoints(gateway: TestGateway): readonly EntryPoint[] {
  const modules = [...gateway.app.get(ModulesContainer).values()];
  const classes = modules.flatMap(one => [...one.providers.values(), ...one.controllers.values()]);
  const found = new Map<unknown, EntryPoint>();
  for (const { metatype } of classes) {
    if (typeof metatype !== 'function' || !metatype.prototype) continue;
    const prototype = metatype.prototype as Record<string, unknown>;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
      if (typeof handler !== 'function') continue;
      const requirement = Reflect.getMetadata(REQUIREMENT, handler) as Requirement | undefined;
      const type = Reflect.getMetadata(RESOLVER_TYPE, handler) as string | undefined;
      if (type !== undefined && ROOTS.includes(type)) {
        found.set(handler, { name: `${type}.${String(Reflect.getMetadata(RESOLVER_NAME, handler))}`, requirement });
      } else if (Reflect.hasMetadata(METHOD_METADATA, handler)) {
        found.set(handler, { name: `${metatype.name}.${name}`, requirement });
      }
    }
  }
  return [...found.values()];
}

describe('the one authorization point (G2)', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  it('knows what every query, mutation, subscription and route asks of its caller', () => {
    const all = entryPoints(gateway);
    expect(all.filter(one => one.requirement === undefined)).toEqual([]);
    const { schema } = gateway.app.get(GraphQLSchemaHost, { strict: false });
    const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(type =>
      Object.keys(type?.getFields() ?? {}).map(field => `${type?.name}.${field}`),
    );
    const resolved = all.filter(one => ROOTS.some(root => one.name.startsWith(`${root}.`))).map(one => one.name);
    expect([...resolved].sort()).toEqual([...fields].sort());
  });

  it('lets nobody without a token see more than pages, health and, on this machine, numbers', () => {
    const open = entryPoints(gateway).filter(one => one.requirement === 'open');
    expect(open.map(one => one.name).sort()).toEqual([
      'ConsoleRoutes.favicon',
      'ConsoleRoutes.file',
      'ConsoleRoutes.page',
      'ExplorerRoutes.file',
      'ExplorerRoutes.page',
      'HealthRoutes.live',
      'HealthRoutes.ready',
      'MetricsRoutes.read',
    ]);
  });

  it('asks each mutation for the scope that its words promise', () => {
    const scopes = Object.fromEntries(entryPoints(gateway).map(one => [one.name, one.requirement]));
    expect(scopes).toMatchObject({
      'Query.events': 'audit.read',
      'Query.runs': 'flows.read',
      'Mutation.startRun': 'flows.run',
      'Mutation.decide': 'flows.run',
      'Mutation.cancelRun': 'flows.run',
      'Mutation.publishFlow': 'flows.manage',
      'Mutation.publishSandboxProfile': 'flows.manage',
      'Subscription.runEvents': 'flows.read',
      'Subscription.transcript': 'flows.read',
      'TriggerRoutes.trigger': 'flows.run',
      'AuditRoutes.auditOf': 'audit.read',
      'ArtifactRoutes.download': 'flows.read',
    });
  });
});
