import { GraphQLSchemaHost } from '@nestjs/graphql';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { entryPoints, ROOTS } from './entry-points.fixture.js';

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

  it('lets nobody without a token do more than look at pages, health, the schema and, on this machine, numbers, or send what is signed or sealed', () => {
    const open = entryPoints(gateway).filter(one => one.requirement === 'open');
    expect(open.map(one => one.name).sort()).toEqual([
      'CatalogueRoutes.file',
      'CatalogueRoutes.page',
      'ConsoleRoutes.favicon',
      'ConsoleRoutes.file',
      'ConsoleRoutes.page',
      'DecisionRoutes.decide',
      'DecisionRoutes.page',
      'ExplorerRoutes.file',
      'ExplorerRoutes.page',
      'FlowSchemaRoutes.flow',
      'HealthRoutes.live',
      'HealthRoutes.ready',
      'HookRoutes.take',
      'MetricsRoutes.read',
      'SlackRoutes.interaction',
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
      'Mutation.pauseRun': 'flows.run',
      'Mutation.resumeRun': 'flows.run',
      'Mutation.retryRun': 'flows.run',
      'Mutation.retryStep': 'flows.run',
      'Mutation.skipStep': 'flows.run',
      'Mutation.forceAdvance': 'flows.force',
      'Mutation.rerunFromStep': 'flows.run',
      'Mutation.discardRun': 'flows.run',
      'Mutation.publishFlow': 'flows.manage',
      'Mutation.publishSandboxProfile': 'flows.manage',
      'Mutation.publishSkill': 'flows.manage',
      'Query.flowVersionDiff': 'flows.read',
      'Subscription.runEvents': 'flows.read',
      'Subscription.transcript': 'flows.read',
      'TriggerRoutes.trigger': 'flows.run',
      'SteeringRoutes.force': 'flows.force',
      'AuditRoutes.ofRun': 'audit.read',
      'Mutation.reportEnvironment': 'flows.manage',
      'ArtifactRoutes.download': 'flows.read',
    });
  });
});
