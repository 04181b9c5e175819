import { InvalidConfigError } from '@runledger/platform';
import { readSandboxConfig } from '../sandbox.config.js';
import { connectedProviders } from './operator-providers.js';

describe('the configuration of the sandbox', () => {
  it('connects only the scripted provider when nothing is set', () => {
    const config = readSandboxConfig({});
    expect(connectedProviders(config.providers)).toEqual(['scripted']);
    expect(config).toMatchObject({ maxAttempts: 8, mountSources: [], allowProcessIsolation: false });
  });

  it('connects Anthropic with a key, whichever way its address is written', () => {
    for (const address of ['http://127.0.0.1:9', 'http://127.0.0.1:9/', 'http://127.0.0.1:9/v1']) {
      const { providers } = readSandboxConfig({ ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: address });
      expect(connectedProviders(providers)).toEqual(['scripted', 'anthropic']);
      expect(providers.anthropic?.baseUrl).toBe('http://127.0.0.1:9/v1');
    }
  });

  it('connects a local OpenAI-compatible server without a key', () => {
    const { providers } = readSandboxConfig({ OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:11434/v1' });
    expect(connectedProviders(providers)).toEqual(['scripted', 'openai-compatible']);
  });

  it('has no engine for containers unless the operator says where it is', () => {
    expect(readSandboxConfig({})).not.toHaveProperty('docker');
    const { docker, kubernetes } = readSandboxConfig({
      RUNLEDGER_DOCKER_HOST: 'unix:///var/run/docker.sock',
      RUNLEDGER_DOCKER_RUNTIME: 'runsc',
      RUNLEDGER_KUBERNETES_NAMESPACE: 'sandboxes',
    });
    expect(docker).toEqual({ socketPath: '/var/run/docker.sock', runtime: 'runsc', pull: 'missing' });
    expect(kubernetes).toEqual({ namespace: 'sandboxes', deadlineSeconds: 86_400 });
    expect(() => readSandboxConfig({ RUNLEDGER_DOCKER_HOST: 'tcp://elsewhere:2375' })).toThrow(/RUNLEDGER_DOCKER_HOST/);
  });

  it('names the variable that cannot be used, and never its value', () => {
    const read = () =>
      readSandboxConfig({ ANTHROPIC_BASE_URL: 'ftp://secret', SANDBOX_MOUNT_SOURCES: 'relative/secret' });
    expect(read).toThrow(InvalidConfigError);
    expect(read).toThrow(/ANTHROPIC_BASE_URL[\s\S]*SANDBOX_MOUNT_SOURCES/);
    expect(read).not.toThrow(/secret/);
  });
});
