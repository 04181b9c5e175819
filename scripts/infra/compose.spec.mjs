import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { DEPLOYED_SERVICES } from '@runledger/contracts';
import { CONFIGURATION } from '../../apps/standalone/src/configuration.ts';
import { readServiceConfig } from '../../apps/standalone/src/services/service.config.ts';
import { composeFile, environmentOf, functionsFile, instructions, lastStage, ours, textOf } from './compose-file.mjs';

const compose = composeFile();
const dockerfile = textOf('infra/docker/Dockerfile');
const known = new Set(CONFIGURATION.flatMap(({ variables }) => Object.keys(variables.shape)));
const isKnown = name => known.has(name) || known.has(name.replace(/_FILE$/, ''));
const jobs = ['migrate', 'owner-token', 'toolbox'];
/** Looks like a password, a key or a token, rather than the name of a file or of a variable. */
const SECRET = /(password|secret|token|api_?key)\s*[:=]\s*['"]?(?!\/run\/secrets|\$\{|\[|\{)[^\s'"#]{4,}/i;

/** What the image's entry would start: in place of Node a program that says what it was told. */
function entry(args) {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-entry-'));
  try {
    writeFileSync(join(folder, 'node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
    return spawnSync(new URL('../../infra/docker/runledger', import.meta.url).pathname, args, {
      encoding: 'utf8',
      env,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the image', () => {
  const last = lastStage(dockerfile);
  const of = name => last.filter(instruction => instruction.name === name).map(({ rest }) => rest);

  it('runs as an ordinary user, by number, with a first process that takes up orphans', () => {
    expect(of('USER')).toEqual(['1000:1000']);
    expect(JSON.parse(of('ENTRYPOINT')[0])).toEqual(['tini', '--', 'runledger']);
  });

  it('says by itself whether it is healthy', () => {
    expect(of('HEALTHCHECK')[0]).toContain('CMD ["node", "/usr/local/bin/healthy.mjs"]');
  });

  it('holds packages for running only, and nothing that was copied by chance', () => {
    const sources = of('COPY').flatMap(rest => rest.split(' ').slice(0, -1));
    expect(sources).not.toContain('.');
    const installs = instructions(dockerfile).filter(({ name, rest }) => name === 'RUN' && rest.includes('npm ci'));
    expect(installs.at(-1).rest).toContain('--omit=dev --omit=optional');
  });

  it('sets only variables that a program reads', () => {
    const set = of('ENV')
      .flatMap(rest => rest.split(/\s+/))
      .map(pair => pair.split('=')[0]);
    expect(set.filter(name => !isKnown(name) && !['NODE_ENV', 'HOME'].includes(name))).toEqual([]);
  });

  it('runs every service and every command that compose names, and says so when it does not know one', () => {
    const script = textOf('infra/docker/runledger');
    for (const service of DEPLOYED_SERVICES) expect(script).toMatch(new RegExp(`[( ]${service} [|)]|${service}\\)`));
    for (const [, { command }] of ours(compose)) expect(script).toContain(command[0]);
    expect(statSync(new URL('../../infra/docker/runledger', import.meta.url)).mode & 0o111).toBe(0o111);
  });

  it('runs every command of the operator, by the name that it has everywhere else', () => {
    const { scripts } = JSON.parse(textOf('package.json'));
    const started = ['start', 'start:cluster', 'demo']; // they bring a database, which the image does not hold
    const commands = Object.entries(scripts)
      .map(([name, script]) => [name, /apps\/standalone\/dist\/([\w-]+)\.js$/.exec(script)?.[1]])
      .filter(([name, program]) => program && !started.includes(name));
    expect(commands.map(([name]) => name)).toEqual(
      expect.arrayContaining(['billing', 'checkpoints', 'erase', 'projections', 'replay', 'timers', 'vault']),
    );
    const usage = entry(['help']).stdout;
    for (const [name, program] of commands) {
      const { stdout } = entry([name, 'a', '--b']);
      expect([name, stdout]).toEqual([name, expect.stringMatching(new RegExp(`/${program}\\.js a --b\n$`))]);
      expect(usage).toContain(`runledger ${program}`);
    }
  });

  it('tells the service billing from the command of that name', () => {
    expect(entry(['billing']).stdout).toMatch(/\/service\.js billing\n$/);
    expect(entry(['billing', 'seed']).stdout).toMatch(/\/billing\.js seed\n$/);
    expect(entry(['cashier'])).toMatchObject({ status: 2, stdout: '' });
  });

  it('is built from what it needs: everything is left out but what is named', () => {
    const lines = textOf('.dockerignore').split('\n').filter(Boolean);
    expect(lines[1]).toBe('*');
    expect(lines).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '**/*.fixture.ts']));
    expect(lines.some(line => line.includes('.runledger') || line.includes('compose'))).toBe(false);
  });

  it('is built with every script that the one that compiles imports', () => {
    const named = new Set(textOf('.dockerignore').split('\n'));
    const needed = new Set(['compile.mjs']);
    for (const script of needed)
      for (const [, next] of textOf(`scripts/${script}`).matchAll(/(?:from |import\()'\.\/([\w-]+\.mjs)'/g))
        needed.add(next);
    expect([...needed]).toContain('runner-snapshot.mjs');
    expect([...needed].filter(script => !named.has(`!scripts/${script}`))).toEqual([]);
  });

  it('holds no secret', () => {
    expect(dockerfile).not.toMatch(SECRET);
  });
});

describe('the fleet under compose', () => {
  const services = Object.entries(compose.services);

  it('has every service', () => {
    expect(ours(compose).map(([name]) => name)).toEqual(expect.arrayContaining([...DEPLOYED_SERVICES, ...jobs]));
  });

  it.each(services)('%s says whether it is healthy, or is a job that ends', (name, service) => {
    if (jobs.includes(name)) expect(service).toMatchObject({ restart: 'no', healthcheck: { disable: true } });
    else expect(service.healthcheck.test.length).toBeGreaterThan(1);
  });

  it.each(ours(compose))('%s is no root, has no capability, and cannot write its own image', (_name, service) => {
    expect(service).toMatchObject({ user: '1000:1000', read_only: true, cap_drop: ['ALL'] });
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service).not.toHaveProperty('privileged');
    expect(service).not.toHaveProperty('cap_add');
  });

  it('loosens what containers may do for the sandbox service alone', () => {
    const loosened = ours(compose).filter(([, { security_opt: options }]) => options.length > 1);
    expect(loosened.map(([name]) => name)).toEqual(['sandbox']);
    expect(loosened[0][1].security_opt).toContain('seccomp:../docker/seccomp-sandbox.json');
    const profile = JSON.parse(textOf('infra/docker/seccomp-sandbox.json'));
    expect(profile.syscalls.flatMap(({ names }) => names)).toEqual(expect.arrayContaining(['bpf', 'init_module']));
  });

  it.each(ours(compose))('%s is told only what a program of ours reads', (_name, service) => {
    expect(Object.keys(environmentOf(service)).filter(name => !isKnown(name))).toEqual([]);
  });

  it.each(DEPLOYED_SERVICES)('%s accepts its settings', name => {
    const { DATABASE_URL_FILE: file, ...environment } = environmentOf(compose.services[name]);
    expect(file).toBe('/run/secrets/database.url');
    expect(
      readServiceConfig(name, { ...environment, DATABASE_URL: 'postgres://r:s@postgres:5432/r' }).storage,
    ).toMatchObject({
      migrates: false,
    });
  });

  it.each(DEPLOYED_SERVICES)('%s comes in with its own database role and sees no other one', name => {
    const urls = compose.services[name].secrets
      .map(secret => secret.source ?? secret)
      .filter(one => /\.url$/.test(one));
    expect(urls).toEqual([`${name}.url`]);
  });

  it('lets the commands of the operator come in as the role that owns the tables', () => {
    const { secrets, volumes } = compose.services.toolbox;
    expect(secrets).toContainEqual({ source: 'migrator.url', target: 'database.url' });
    expect(volumes).toEqual(['blobs:/data/blobs:ro']);
  });

  it('gives each service the keys that it needs, and each sender alone the one that it signs with', () => {
    const holders = secret =>
      ours(compose)
        .filter(([, { secrets = [] }]) => secrets.includes(secret))
        .map(([name]) => name);
    expect(holders('gateway.key')).toEqual(['gateway']);
    expect(holders('orchestrator.key')).toEqual(['orchestrator']);
    expect(holders('orchestrator.pub')).toEqual(['billing']);
    expect(holders('sandbox.key')).toEqual(['sandbox']);
    expect(holders('sandbox.pub')).toEqual(['orchestrator', 'billing']);
    expect(holders('pepper')).toEqual(['gateway', 'owner-token']);
    expect(holders('export-cursors')).toEqual(['audit']);
    expect(holders('audit-signing')).toEqual(['audit']);
    expect(holders('vault.key')).toEqual(['sandbox', 'approval', 'toolbox']);
    expect(holders('gateway.pub')).toEqual(['orchestrator', 'sandbox', 'approval', 'billing', 'audit']);
  });

  it('takes secrets from files that are not in the repository', () => {
    for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
    expect(textOf('.gitignore').split('\n')).toContain('infra/compose/secrets/');
    for (const path of ['infra/compose/compose.yaml', 'infra/compose/secrets.sh'])
      expect(textOf(path)).not.toMatch(SECRET);
    for (const [, service] of services) {
      const literal = Object.entries(environmentOf(service)).filter(
        ([name, value]) => /(PASSWORD|TOKEN|_KEY)$/.test(name) && value,
      );
      expect(literal).toEqual([]);
    }
  });

  it('names every secret and every volume that is used, and uses every one that is named', () => {
    const used = key =>
      new Set(
        services.flatMap(([, service]) => service[key] ?? []).map(one => one.source ?? String(one).split(':')[0]),
      );
    expect([...used('secrets')].sort()).toEqual(Object.keys(compose.secrets).sort());
    expect([...used('volumes')].sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('brings functions to the orchestrator alone, which cannot change them and has a way out only then', () => {
    const { services: laidOver, ...more } = functionsFile();
    expect([Object.keys(laidOver), more]).toEqual([['orchestrator'], {}]);
    const { environment, volumes, networks } = laidOver.orchestrator;
    expect(Object.keys(environment).filter(name => !isKnown(name))).toEqual([]);
    expect(volumes).toEqual(['${RUNLEDGER_FUNCTIONS:?}:/functions:ro']);
    expect(environment.ORCHESTRATOR_FUNCTIONS).toBe('/functions/functions.mjs');
    expect([compose.services.orchestrator.networks, networks]).toEqual([['backend'], ['backend', 'outside']]);
  });

  it('starts the services when the tables are ready, and the tables when the database is', () => {
    for (const name of DEPLOYED_SERVICES) {
      expect(compose.services[name].depends_on.migrate).toEqual({ condition: 'service_completed_successfully' });
    }
    expect(compose.services.migrate.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
  });

  it('starts KurrentDB and Kafka only when they are asked for', () => {
    const optional = services
      .filter(([, { profiles }]) => profiles?.length)
      .map(([name, { profiles }]) => [name, profiles[0]]);
    expect(Object.fromEntries(optional)).toEqual({
      relay: 'kafka',
      kafka: 'kafka',
      kurrentdb: 'kurrentdb',
      'owner-token': 'tools',
      toolbox: 'tools',
    });
  });

  it('opens one port, to this machine', () => {
    const open = services.filter(([, { ports }]) => ports).map(([name, { ports }]) => [name, ports]);
    expect(open).toEqual([['gateway', ['${RUNLEDGER_LISTEN:-127.0.0.1:4000}:4000']]]);
    expect(compose.networks.backend).toEqual({ internal: true });
    const outside = services.filter(([, { networks }]) => networks.includes('outside')).map(([name]) => name);
    expect(outside).toEqual(['gateway', 'sandbox', 'approval']);
  });

  it('gives processes the time to end that they ask for', () => {
    for (const name of DEPLOYED_SERVICES) expect(compose.services[name].stop_grace_period).toBe('30s');
  });

  it('mounts files that are there', () => {
    expect(existsSync(join(import.meta.dirname, '../../infra/docker/seccomp-sandbox.json'))).toBe(true);
  });
});
