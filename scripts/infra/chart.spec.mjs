import { DEPLOYED_SERVICES, commandSenders } from '@runledger/contracts';
import { Ajv } from 'ajv';
import { CONFIGURATION } from '../../apps/standalone/src/configuration.ts';
import { readServiceConfig } from '../../apps/standalone/src/services/service.config.ts';
import { METRICS } from '../../libs/platform/src/metrics/metric-catalogue.ts';
import { has, lint, merged, readChart, render } from './chart.mjs';

const canRender = has('helm') || has('go');
const known = new Set(CONFIGURATION.flatMap(({ variables }) => Object.keys(variables.shape)));
const isKnown = name => known.has(name) || known.has(name.replace(/_FILE$/, ''));

/** Everything that can be switched on. */
const EVERYTHING = {
  config: {
    DISTRIBUTION: 'kafka',
    EVENT_STORE: 'eventstoredb',
    EVENTSTOREDB_URL: 'esdb://kurrentdb:2113',
    KAFKA_BROKERS: 'kafka:9092',
  },
  secrets: { providers: 'model-keys', backbone: 'backbone', metrics: 'metrics' },
  services: Object.fromEntries(
    ['gateway', 'orchestrator', 'approval', 'billing', 'audit', 'relay'].map(name => [
      name,
      { autoscaling: { enabled: true } },
    ]),
  ),
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  ingress: { enabled: true, className: 'nginx', host: 'runledger.example', tlsSecret: 'tls' },
  orchestrator: { functions: { configMap: 'functions', module: 'functions.mjs', secret: 'tracker' } },
  sandbox: { kubernetes: { enabled: true, namespace: 'sandboxes', runtimeClass: 'gvisor' } },
  toolbox: { enabled: true },
  networkPolicy: { apiFrom: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
};

describe('the values of the chart', () => {
  const { values, schema } = readChart();
  const check = new Ajv({ allErrors: true, strict: false }).compile(schema);
  const problems = over => (check(merged(values, over)) ? [] : check.errors.map(({ instancePath }) => instancePath));

  it('hold by themselves, and with everything switched on', () => {
    expect(problems({})).toEqual([]);
    expect(problems(EVERYTHING)).toEqual([]);
  });

  it.each([
    ['a name that nothing has', { replicas: 3 }, ''],
    ['a service that there is none of', { services: { cashier: {} } }, '/services'],
    ['a secret among the settings', { config: { EVENTSTOREDB_PASSWORD: 'x' } }, '/config'],
    [
      'a database address among the settings',
      { services: { billing: { env: { DATABASE_URL: 'postgres://' } } } },
      '/services/billing/env',
    ],
    ['no pods at all', { services: { gateway: { replicas: 0 } } }, '/services/gateway/replicas'],
    ['a store that there is none of', { config: { EVENT_STORE: 'oracle' } }, '/config/EVENT_STORE'],
    [
      'a module outside of its config map',
      { orchestrator: { functions: { module: '../functions.mjs' } } },
      '/orchestrator/functions/module',
    ],
    ['a tag for a digest', { image: { digest: 'latest' } }, '/image/digest'],
  ])('refuse %s', (_what, over, path) => {
    expect(problems(over)).toContain(path);
  });
});

(canRender ? describe : describe.skip)('the chart, rendered (needs go)', () => {
  const objects = canRender ? render() : [];
  const everything = canRender ? render(EVERYTHING) : [];
  const of = (kind, from = objects) => from.filter(object => object.kind === kind);
  const component = object => object.metadata.labels['app.kubernetes.io/component'];
  const isToolbox = object => component(object) === 'toolbox';
  const workloads = (from = objects) =>
    [...of('Deployment', from), ...of('StatefulSet', from)].filter(object => !isToolbox(object));
  const templates = (from = objects) =>
    [...workloads(from), ...of('Deployment', from).filter(isToolbox), ...of('Job', from)].map(object => [
      component(object),
      object.spec.template.spec,
    ]);
  const fleet = DEPLOYED_SERVICES.filter(service => service !== 'relay');

  it('has every service; the relay where events go over Kafka', () => {
    expect(workloads().map(component).sort()).toEqual([...fleet].sort());
    expect(workloads(everything).map(component).sort()).toEqual([...DEPLOYED_SERVICES].sort());
    expect(of('StatefulSet').map(component)).toEqual(['sandbox']);
  });

  it('gives every object a name of its own and labels', () => {
    for (const from of [objects, everything]) {
      const names = from.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      expect(new Set(names).size).toBe(names.length);
      for (const { apiVersion, kind, metadata } of from) {
        expect([apiVersion, kind, metadata.name.length < 64]).toEqual([expect.any(String), expect.any(String), true]);
        expect(metadata.labels['app.kubernetes.io/instance']).toBe('demo');
      }
    }
  });

  it('runs no pod as root, with a capability, or with a file system that it can write', () => {
    for (const [name, pod] of templates(everything)) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: name === 'sandbox', // it makes pods where everything is switched on
        securityContext: { runAsNonRoot: true, runAsUser: 1000 },
      });
      expect(pod.containers).toHaveLength(1);
      expect(pod.containers[0].securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(pod.containers[0].resources).toMatchObject({
        requests: expect.any(Object),
        limits: { memory: expect.any(String) },
      });
    }
  });

  it('loosens what pods may do for the sandbox service alone', () => {
    for (const [name, pod] of templates()) {
      const isSandbox = name === 'sandbox';
      expect(pod.securityContext.seccompProfile).toEqual(isSandbox ? undefined : { type: 'RuntimeDefault' });
      expect(pod.containers[0].securityContext.procMount).toBe(isSandbox ? 'Unmasked' : undefined);
      expect(pod.hostUsers).toBe(isSandbox ? false : undefined);
    }
    const localhost = { type: 'Localhost', localhostProfile: 'runledger/seccomp-sandbox.json' };
    const [sandbox] = of('StatefulSet', render({ sandbox: { seccompProfile: localhost } }));
    expect(sandbox.spec.template.spec.containers[0].securityContext.seccompProfile).toEqual(localhost);
  });

  it('lets the sandbox service make pods where that is switched on, in one namespace, and nothing else', () => {
    expect([...of('ServiceAccount'), ...of('Role')]).toEqual([]);
    expect(templates().every(([, pod]) => pod.automountServiceAccountToken === false)).toBe(true);
    const [[account], [role], [binding]] = ['ServiceAccount', 'Role', 'RoleBinding'].map(kind => of(kind, everything));
    expect(role.metadata.namespace).toBe('sandboxes');
    expect(role.rules.flatMap(({ resources }) => resources)).toEqual([
      ...['pods', 'pods/exec', 'pods/attach', 'networkpolicies'],
    ]);
    expect(role.rules.flatMap(({ verbs }) => verbs)).not.toContain('*');
    expect(role.rules.at(-1)).toMatchObject({ resources: ['networkpolicies'], verbs: ['create', 'get'] });
    expect(binding.subjects[0].name).toBe(account.metadata.name);
    const [, pod] = templates(everything).find(([name]) => name === 'sandbox');
    expect(pod.serviceAccountName).toBe(account.metadata.name);
    expect(pod.containers[0].env).toContainEqual({ name: 'RUNLEDGER_KUBERNETES_NAMESPACE', value: 'sandboxes' });
    expect(pod.containers[0].env).toContainEqual({ name: 'RUNLEDGER_KUBERNETES_RUNTIME_CLASS', value: 'gvisor' });
  });

  it('probes every service where it answers', () => {
    for (const object of workloads()) {
      const [container] = object.spec.template.spec.containers;
      expect(container.ports).toContainEqual({ name: 'internal', containerPort: 4100 });
      for (const probe of ['startupProbe', 'livenessProbe'])
        expect(container[probe].httpGet).toEqual({ path: '/health/live', port: 'internal' });
      expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'internal' });
      expect(object.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
        25 + container.lifecycle.preStop.sleep.seconds,
      );
    }
  });

  it('asks for each service by labels that its pods have', () => {
    for (const object of workloads(everything)) {
      const pods = object.spec.template.metadata.labels;
      expect(pods).toMatchObject(object.spec.selector.matchLabels);
      const [service] = of('Service', everything).filter(({ metadata }) => metadata.name === object.metadata.name);
      expect(pods).toMatchObject(service.spec.selector);
      const budgets = of('PodDisruptionBudget', everything).filter(
        ({ metadata }) => metadata.name === object.metadata.name,
      );
      expect(budgets.map(({ spec }) => spec.selector.matchLabels)).toEqual([object.spec.selector.matchLabels]);
      expect(budgets[0].spec.maxUnavailable).toBe(1);
    }
  });

  it('refers to secrets, and holds none', () => {
    expect(of('Secret', everything)).toEqual([]);
    for (const [, pod] of templates(everything)) {
      for (const { name, value } of pod.containers[0].env) {
        if (/(PASSWORD|TOKEN|KEY)$/.test(name)) expect([name, value]).toEqual([name, undefined]);
      }
    }
    const [config] = of('ConfigMap', everything);
    expect(Object.keys(config.data).filter(name => /(PASSWORD|TOKEN|KEY)$/.test(name))).toEqual([]);
  });

  it.each(fleet)('gives %s its own database role, and the keys that it needs', service => {
    const [, pod] = templates().find(([name]) => name === service);
    const { sources } = pod.volumes.find(({ name }) => name === 'secrets').projected;
    expect(sources[0].secret).toEqual({
      name: 'runledger-database',
      items: [{ key: `${service}.url`, path: 'database.url' }],
    });
    const keys = sources.slice(1).flatMap(({ secret }) => secret.items.map(({ key }) => key));
    const wanted = {
      gateway: ['pepper', 'gateway.key'],
      orchestrator: ['gateway.pub', 'orchestrator.key', 'sandbox.pub'],
      sandbox: ['gateway.pub', 'sandbox.key', 'vault.key'],
      approval: ['gateway.pub', 'vault.key'],
      billing: ['gateway.pub', 'orchestrator.pub', 'sandbox.pub'],
      audit: ['audit-signing', 'export-cursors', 'gateway.pub'],
    };
    expect(keys).toEqual(wanted[service] ?? ['gateway.pub']);
  });

  it('gives keys of models to the sandbox service alone', () => {
    const holders = templates(everything).filter(([, pod]) => JSON.stringify(pod).includes('model-keys'));
    expect(holders.map(([name]) => name)).toEqual(['sandbox']);
  });

  it.each(DEPLOYED_SERVICES)('tells %s only what it reads, and what it accepts', service => {
    const [config] = of('ConfigMap', everything);
    const [, pod] = templates(everything).find(([name]) => name === service);
    const plain = pod.containers[0].env
      .filter(({ value }) => value !== undefined)
      .map(({ name, value }) => [name, value]);
    const given = { ...config.data, ...Object.fromEntries(plain) };
    expect(
      [...Object.keys(given), ...pod.containers[0].env.map(({ name }) => name)].filter(name => !isKnown(name)),
    ).toEqual([]);
    const { DATABASE_URL_FILE: _file, ...rest } = given;
    const environment = {
      ...rest,
      DATABASE_URL: 'postgres://r:s@db/r',
      EVENTSTOREDB_USER: 'u',
      EVENTSTOREDB_PASSWORD: 'p',
    };
    expect(readServiceConfig(service, environment)).toMatchObject({
      storage: { migrates: false },
      internal: { port: 4100 },
    });
  });

  it('tells the gateway where the other services are', () => {
    const [, pod] = templates().find(([name]) => name === 'gateway');
    const addresses = pod.containers[0].env
      .filter(({ name }) => name.endsWith('_URLS'))
      .map(({ value }) => new URL(value));
    const services = of('Service').map(({ metadata, spec }) => [metadata.name, spec.ports.map(({ port }) => port)]);
    expect(addresses).toHaveLength(5);
    for (const { hostname, port } of addresses) expect(Object.fromEntries(services)[hostname]).toContain(Number(port));
  });

  it('migrates before anything of a new version starts, with nothing but the migrating role', () => {
    const [job] = of('Job');
    expect(job.metadata.annotations['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    const text = JSON.stringify(job);
    expect(text).toContain('migrator.url');
    expect(text).not.toMatch(/configMapRef|persistentVolumeClaim|runledger-keys/);
    expect(render({ migrate: { enabled: false } }).filter(({ kind }) => kind === 'Job')).toEqual([]);
  });

  it('has a pod for the commands of the operator where it is asked for, which may do what these need', () => {
    expect(of('Deployment').filter(isToolbox)).toEqual([]);
    const [{ spec }] = of('Deployment', everything).filter(isToolbox);
    const pod = spec.template.spec;
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    const { sources } = pod.volumes.find(({ name }) => name === 'secrets').projected;
    expect(sources.flatMap(({ secret }) => secret.items.map(({ key }) => key))).toEqual(['migrator.url', 'vault.key']);
    expect(pod.containers[0].volumeMounts).toContainEqual({ name: 'blobs', mountPath: '/data/blobs', readOnly: true });
    const names = pod.containers[0].env.map(({ name }) => name);
    expect(names.filter(name => !isKnown(name))).toEqual([]);
    const policies = of('NetworkPolicy', everything).filter(isToolbox);
    const { podSelector, egress } = policies.find(({ metadata }) => metadata.name.endsWith('runledger-toolbox')).spec;
    expect(spec.template.metadata.labels).toMatchObject(podSelector.matchLabels);
    expect(egress[0].ports).toEqual([{ protocol: 'TCP', port: 'api' }]);
    const { ingress } = policies.find(({ metadata }) => metadata.name.endsWith('gateway-toolbox')).spec;
    expect(ingress[0].from[0].podSelector).toEqual(podSelector);
  });

  it('gives each sandbox pod a volume of its own, and blobs to those who use them', () => {
    const [sandbox] = of('StatefulSet');
    expect(sandbox.spec.volumeClaimTemplates[0].spec.accessModes).toEqual(['ReadWriteOnce']);
    const users = templates().filter(([, pod]) => pod.volumes.some(({ name }) => name === 'blobs'));
    const readers = users.filter(([, pod]) =>
      pod.containers[0].volumeMounts.some(({ name, readOnly }) => name === 'blobs' && readOnly),
    );
    expect(users.map(([name]) => name).sort()).toEqual(['gateway', 'sandbox']);
    expect(readers.map(([name]) => name)).toEqual(['gateway']);
    expect(of('PersistentVolumeClaim')[0].metadata.annotations['helm.sh/resource-policy']).toBe('keep');
    expect(render({ blobs: { existingClaim: 'ours' } }).filter(({ kind }) => kind === 'PersistentVolumeClaim')).toEqual(
      [],
    );
  });

  it('grows with the lag of projections and reactors, by a metric that there is', () => {
    const scalers = of('HorizontalPodAutoscaler', everything);
    expect(scalers.map(component).sort()).toEqual(['approval', 'audit', 'billing', 'gateway', 'orchestrator', 'relay']);
    for (const { spec } of scalers) {
      const { metric, target } = spec.metrics.find(({ type }) => type === 'External').external;
      expect([metric.name, target.type]).toEqual([METRICS.consumerLagSeconds.name, 'Value']);
      const labels = [...METRICS.consumerLagSeconds.labels, 'service'];
      expect(labels).toEqual(expect.arrayContaining(Object.keys(metric.selector.matchLabels)));
      expect(spec.maxReplicas).toBeGreaterThanOrEqual(spec.minReplicas);
    }
    // While a function is called its reactor is behind, and more pods would not help.
    const [{ spec: own }] = scalers.filter(object => component(object) === 'orchestrator');
    const { selector } = own.metrics.find(({ type }) => type === 'External').external.metric;
    expect(selector.matchExpressions).toEqual([
      { key: 'consumer', operator: 'NotIn', values: ['orchestrator.functions'] },
    ]);
    const [gateway] = of('Deployment', everything).filter(object => component(object) === 'gateway');
    expect(gateway.spec).not.toHaveProperty('replicas');
    expect(of('HorizontalPodAutoscaler')).toEqual([]);
  });

  it('lets nothing in and nothing out but what is named', () => {
    const policies = Object.fromEntries(
      of('NetworkPolicy', everything).map(({ metadata, spec }) => [metadata.name.replace('demo-runledger-', ''), spec]),
    );
    const all = { 'app.kubernetes.io/name': 'runledger', 'app.kubernetes.io/instance': 'demo' };
    expect(policies['default-deny']).toEqual({ podSelector: { matchLabels: all }, policyTypes: ['Ingress', 'Egress'] });
    const ports = rules => rules.flatMap(rule => rule.ports.map(({ port }) => port));
    expect(ports(policies.backbone.egress)).toEqual([53, 53, 5432, 2113, 9092, 9093]);
    const senders = {
      matchLabels: all,
      matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: [...commandSenders] }],
    };
    expect(policies.internal.ingress[0].from[0].podSelector).toEqual(senders);
    expect(policies.senders.podSelector).toEqual(senders);
    expect(ports(policies.senders.egress)).toEqual([4100]);
    expect(ports(policies.internal.ingress)).toEqual(['internal']);
    expect(policies.gateway.ingress).toEqual([
      { ports: [{ protocol: 'TCP', port: 'api' }], from: EVERYTHING.networkPolicy.apiFrom },
    ]);
    expect(policies.sandbox.egress[0].to[0].ipBlock.except).toContain('169.254.0.0/16');
    const plain = of('NetworkPolicy').find(({ metadata }) => metadata.name.endsWith('-backbone'));
    expect(ports(plain.spec.egress)).toEqual([53, 53, 5432]);
    expect(render({ networkPolicy: { enabled: false } }).filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });

  it('brings functions and their secrets to the orchestrator alone, with a way out', () => {
    const [pods, others] = [true, false].map(isOurs =>
      templates(everything).filter(([name]) => (name === 'orchestrator') === isOurs),
    );
    const [[, pod]] = pods;
    const [container] = pod.containers;
    expect(container.env).toContainEqual({ name: 'ORCHESTRATOR_FUNCTIONS', value: '/functions/functions.mjs' });
    expect(container.volumeMounts).toContainEqual({ name: 'functions', mountPath: '/functions', readOnly: true });
    expect(container.envFrom).toContainEqual({ secretRef: { name: 'tracker' } });
    expect(pod.volumes).toContainEqual({ name: 'functions', configMap: { name: 'functions' } });
    for (const text of [others, templates()].map(some => JSON.stringify(some))) {
      expect(text).not.toMatch(/ORCHESTRATOR_FUNCTIONS|"\/functions"|"tracker"/);
    }
    const isTheirs = ({ metadata }) => metadata.name.endsWith('-functions');
    const [{ spec }] = of('NetworkPolicy', everything).filter(isTheirs);
    expect(spec.podSelector.matchLabels['app.kubernetes.io/component']).toBe('orchestrator');
    expect(spec.egress[0].ports).toEqual([{ protocol: 'TCP', port: 443 }]);
    expect(spec.egress[0].to[0].ipBlock.except).toContain('169.254.0.0/16');
    expect(of('NetworkPolicy').filter(isTheirs)).toEqual([]);
  });

  it('lets Prometheus read the metrics with the token', () => {
    const [monitor] = of('ServiceMonitor', everything);
    expect(monitor.spec.endpoints[0]).toMatchObject({
      port: 'internal',
      path: '/metrics',
      authorization: { credentials: { name: 'metrics' } },
    });
    expect(of('ServiceMonitor')).toEqual([]);
  });

  it('opens the way in only with TLS', () => {
    const [ingress] = of('Ingress', everything);
    expect(ingress.spec.tls).toEqual([{ hosts: ['runledger.example'], secretName: 'tls' }]);
    expect(() => render({ ingress: { enabled: true, host: 'x.example' } })).toThrow(
      'tokens must not travel in the clear',
    );
  });

  it('replaces pods when a setting changes, and takes the image that is meant', () => {
    const [before] = of('Deployment');
    const [after] = of(
      'Deployment',
      render({ config: { LOG_LEVEL: 'debug' }, image: { digest: `sha256:${'a'.repeat(64)}` } }),
    );
    const sum = ({ spec }) => spec.template.metadata.annotations['checksum/config'];
    expect(sum(after)).not.toBe(sum(before));
    expect(before.spec.template.spec.containers[0].image).toBe(`runledger:${readChart().chart.appVersion}`);
    expect(after.spec.template.spec.containers[0].image).toBe(`runledger@sha256:${'a'.repeat(64)}`);
  });
});

const both = has('helm') && has('go');
(both ? describe : describe.skip)('helm itself (needs helm and go)', () => {
  it('finds nothing to mend in the chart', () => {
    expect(lint()).toContain('0 chart(s) failed');
    expect(lint(EVERYTHING)).toContain('0 chart(s) failed');
  });

  it('renders the same objects as the renderer of the specs', () => {
    for (const values of [{}, EVERYTHING]) {
      const sorted = by =>
        render(values, { by }).sort((a, b) =>
          `${a.kind}${a.metadata.name}`.localeCompare(`${b.kind}${b.metadata.name}`),
        );
      expect(sorted('go')).toEqual(sorted('helm'));
    }
  });

  it('refuses values that the schema does not know', () => {
    expect(() => render({ replicas: 3 }, { by: 'helm' })).toThrow(/additional propert/i);
  });
});
